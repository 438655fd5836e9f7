package tensorlink.node.cli;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import org.slf4j.LoggerFactory;
import tensorlink.compute.DeviceException;
import tensorlink.compute.format.ModelFormatException;
import tensorlink.jobs.data.DataFormatException;
import tensorlink.jobs.job.JobException;
import tensorlink.ledger.KeystoreException;
import tensorlink.ledger.LedgerException;
import tensorlink.ledger.LedgerFormatException;
import tensorlink.node.HomeInUseException;
import tensorlink.node.IdentityException;
import tensorlink.node.config.ConfigException;
import tensorlink.node.hub.HubException;
import tensorlink.node.network.NetworkException;
import tensorlink.node.runtime.RuntimeChoiceException;
import tensorlink.p2p.peer.KeyFileException;

/**
 * What went wrong, as people, programs and shells are told.
 *
 * @param code stable, for programs
 * @param message what and why; what now, where that is known
 */
record Failure(String code, String message, ExitCode exit) {
    private static final String RESTORE =
            "\n  try: restore it from a backup; to start over as somebody new, move the folder"
                    + " \"identity\" of the home away";

    static Failure of(Exception failure) {
        return switch (failure) {
            case JobException job -> {
                var problem = job.problem();
                yield new Failure(
                        problem.code().text(),
                        problem.what()
                                + "\n  "
                                + problem.why()
                                + (problem.now().isEmpty() ? "" : "\n  try: " + problem.now()),
                        ExitCode.of(problem.code()));
            }
            case ConfigException config ->
                    new Failure("TL-CFG-002", String.join("\n", config.faults()), ExitCode.USAGE);
            case UsageException usage -> of("TL-CFG-001", usage, "", ExitCode.USAGE);
            case RefusedException refused -> of("TL-SEC-004", refused, "", ExitCode.DATA);
            case NotRunningException absent -> of("TL-NOD-001", absent, "", ExitCode.NOT_RUNNING);
            case IOException io -> of(io);
            case InterruptedException interrupted -> cancelled();
            default -> {
                LoggerFactory.getLogger(Failure.class).error("internal error", failure);
                yield new Failure(
                        "TL-BUG-001",
                        "internal error: " + failure + "\n  please report it with the log above",
                        ExitCode.INTERNAL);
            }
        };
    }

    static Failure cancelled() {
        return new Failure("TL-INT-001", "stopped before it was done", ExitCode.CANCELLED);
    }

    private static Failure of(IOException failure) {
        return switch (failure) {
            case HomeInUseException inUse ->
                    of(
                            "TL-NOD-002",
                            inUse,
                            "\n"
                                    + "  try: stop that one first, or give this one a folder of its"
                                    + " own: --home FOLDER",
                            ExitCode.IN_USE);
            case KeyFileException key -> of("TL-SEC-001", key, RESTORE, ExitCode.DATA);
            case KeystoreException key -> of("TL-SEC-001", key, RESTORE, ExitCode.DATA);
            case IdentityException key -> of("TL-SEC-001", key, RESTORE, ExitCode.DATA);
            case DeviceException device -> of("TL-DEV-001", device, "", ExitCode.DATA);
            case RuntimeChoiceException runtime -> of("TL-DEV-002", runtime, "", ExitCode.DATA);
            case NetworkException network -> of("TL-NET-002", network, "", ExitCode.DATA);
            case DataFormatException data -> of("TL-DAT-001", data, "", ExitCode.DATA);
            case ModelFormatException model -> of("TL-MOD-001", model, "", ExitCode.DATA);
            case HubException hub -> of("TL-HUB-001", hub, "", ExitCode.DATA);
            case LedgerException ledger -> of("TL-LED-001", ledger, "", ExitCode.DATA);
            case LedgerFormatException ledger -> of("TL-LED-001", ledger, "", ExitCode.DATA);
            case FileSystemException file ->
                    new Failure("TL-IO-002", file.getFile() + ": " + why(file), ExitCode.DATA);
            default -> of("TL-IO-001", failure, "", ExitCode.NO_NETWORK);
        };
    }

    /** The JDK leaves the reason out of these exceptions' messages, as their names tell it. */
    private static String why(FileSystemException failure) {
        return switch (failure) {
            case NoSuchFileException none -> "no such file or folder";
            case AccessDeniedException denied -> "permission denied";
            case NotDirectoryException file -> "is not a folder";
            default ->
                    failure.getReason() == null
                            ? failure.getClass().getSimpleName()
                            : failure.getReason();
        };
    }

    private static Failure of(String code, Exception failure, String now, ExitCode exit) {
        return new Failure(code, failure.getMessage() + now, exit);
    }
}
