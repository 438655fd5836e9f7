package tensorlink.node.cli;

import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;
import tensorlink.p2p.core.Host;
import tensorlink.p2p.core.Subscription;

/** The flag that has what happens on connections written down. */
final class TraceFlag {
    @Option(
            names = "--trace-connection",
            paramLabel = "FILE",
            description =
                    "write what happens on new connections to FILE, which must not exist: JSON"
                            + " lines in the shape of qlog, of payload only its length")
    private @Nullable Path file;

    /** A trace that runs until it is closed. */
    @FunctionalInterface
    interface Running extends AutoCloseable {
        @Override
        void close() throws IOException;
    }

    /** Starts to trace the connections of {@code host}, when that is wanted. */
    Running start(Host host) throws IOException {
        if (file == null) {
            return () -> {};
        }
        BufferedWriter writer;
        try {
            writer =
                    Files.newBufferedWriter(
                            file, StandardCharsets.UTF_8, StandardOpenOption.CREATE_NEW);
        } catch (FileAlreadyExistsException taken) {
            throw new UsageException(
                    "--trace-connection " + file + ": exists already and is not overwritten");
        }
        Subscription trace = host.control().trace(_ -> true, writer);
        return () -> {
            trace.close();
            writer.close();
        };
    }
}
