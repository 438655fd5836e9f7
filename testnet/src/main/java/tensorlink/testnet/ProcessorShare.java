package tensorlink.testnet;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * A control group of Linux whose processes get a part of one processor, to make a slow machine of a
 * fast one. It needs the rights to make one.
 */
public final class ProcessorShare implements AutoCloseable {
    private static final Path ROOT = Path.of("/sys/fs/cgroup");
    private static final Path V1 = ROOT.resolve("cpu");

    /** Short, so that the share holds for what takes milliseconds, too. */
    private static final long PERIOD_MICROS = 10_000;

    private final Path group;

    private ProcessorShare(Path group) {
        this.group = group;
    }

    /**
     * Makes one.
     *
     * @param share of one processor, above 0 to 1
     * @throws IOException where that is not possible
     */
    public static ProcessorShare of(double share) throws IOException {
        if (!(share > 0 && share <= 1)) {
            throw new IllegalArgumentException("share " + share + ", above 0 to 1");
        }
        boolean first = Files.isDirectory(V1);
        var name = "tensorlink-" + ProcessHandle.current().pid() + "-" + Math.round(share * 1000);
        var group = Files.createDirectory((first ? V1 : ROOT).resolve(name));
        var made = new ProcessorShare(group);
        try {
            long quota = Math.round(share * PERIOD_MICROS);
            if (first) {
                Files.writeString(group.resolve("cpu.cfs_period_us"), PERIOD_MICROS + "\n");
                Files.writeString(group.resolve("cpu.cfs_quota_us"), quota + "\n");
            } else {
                Files.writeString(group.resolve("cpu.max"), quota + " " + PERIOD_MICROS + "\n");
            }
            return made;
        } catch (IOException refused) {
            made.close();
            throw refused;
        }
    }

    /** What starts the command that follows it with this share. */
    List<String> prefix() {
        return List.of(
                "/bin/sh",
                "-c",
                "echo $$ > \"$0\" && exec \"$@\"",
                group.resolve("cgroup.procs").toString());
    }

    /** Removes the group, whose processes must have ended. */
    @Override
    public void close() throws IOException {
        Files.deleteIfExists(group);
    }
}
