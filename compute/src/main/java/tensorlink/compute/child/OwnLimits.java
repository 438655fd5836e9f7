package tensorlink.compute.child;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What this process may take, set by itself before it is given anything. It cannot take it back.
 *
 * <p>Linux holds it to all of it. macOS only to the niceness and the file size; elsewhere only the
 * heap has a limit, which the command line sets.
 */
final class OwnLimits {
    private static final Logger log = LoggerFactory.getLogger(OwnLimits.class);

    /** From 0 to 19: the higher, the more others come first. */
    private static final int NICENESS = 5;

    private static final long FILE_BYTES_MAX = 16 << 20;

    /** For what a JVM and libtorch have besides a stage, over what they have at its beginning. */
    private static final long SLACK_BYTES = 512 << 20;

    /** POSIX's numbers, equal on Linux and macOS. */
    private static final int RLIMIT_FSIZE = 1;

    private static final int RLIMIT_DATA = 2;

    private static final Path STATUS = Path.of("/proc/self/status");
    private static final String DATA = "VmData:";

    private OwnLimits() {}

    /**
     * Lets whatever else runs on this machine go first. On Linux this holds for the calling thread
     * and those that it starts, which are all that compute.
     */
    static void yieldToOthers() {
        var nice = posix("nice", FunctionDescriptor.of(JAVA_INT, JAVA_INT));
        if (nice.isEmpty()) {
            return;
        }
        try {
            int _ = (int) nice.get().invokeExact(NICENESS);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    /** Keeps what it writes, which is its log, small. */
    static void limitFiles() {
        limit(RLIMIT_FSIZE, FILE_BYTES_MAX);
    }

    /**
     * Keeps it from taking much more than a stage is estimated to. An allocation beyond fails.
     *
     * @param stageBytes the estimate
     */
    static void limitMemory(long stageBytes) throws IOException {
        if (!Files.exists(STATUS)) {
            log.warn("memory is not limited: only Linux does that");
            return;
        }
        limit(RLIMIT_DATA, memoryMax(dataBytes(), stageBytes));
    }

    /** An estimate is good for half as much again. */
    static long memoryMax(long before, long stageBytes) {
        long wide = stageBytes > Long.MAX_VALUE / 4 ? Long.MAX_VALUE / 2 : stageBytes / 2 * 3;
        return Math.addExact(Math.addExact(before, SLACK_BYTES), wide);
    }

    private static long dataBytes() throws IOException {
        for (var line : Files.readAllLines(STATUS)) {
            if (line.startsWith(DATA)) {
                return Long.parseLong(line.replaceAll("\\D+", "")) * 1024;
            }
        }
        throw new IOException(STATUS + " has no " + DATA);
    }

    private static void limit(int resource, long most) {
        var setrlimit = posix("setrlimit", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS));
        if (setrlimit.isEmpty()) {
            return;
        }
        try (var arena = Arena.ofConfined()) {
            var softAndHard = arena.allocateFrom(JAVA_LONG, most, most);
            int failed = (int) setrlimit.get().invokeExact(resource, softAndHard);
            if (failed != 0) {
                throw new IllegalStateException("limit " + resource + " not set to " + most);
            }
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    @SuppressWarnings("restricted") // the functions and their types are POSIX's
    private static Optional<MethodHandle> posix(String name, FunctionDescriptor type) {
        var linker = Linker.nativeLinker();
        return linker.defaultLookup().find(name).map(found -> linker.downcallHandle(found, type));
    }
}
