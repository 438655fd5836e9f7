package tensorlink.compute.child;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tensorlink.compute.Device;
import tensorlink.compute.ExecutionProfile;
import tensorlink.compute.format.Weights;

/**
 * A process that computes one stage, and the socket to it.
 *
 * <p>It runs {@link ChildMain} on this program's class path, in a folder of its own, with an
 * environment of which nothing but what concerns kernels is passed on. It ends when its standard
 * input does, and so never outlives this process, however this one ends.
 *
 * <p>The socket's name is in a folder that only this user may enter, and is gone once the process
 * has connected. {@link #exchange} is for one thread at a time.
 */
final class Child {
    private static final Logger log = LoggerFactory.getLogger(Child.class);

    /** Tensors are not on the heap: it holds messages and what describes a model. */
    private static final String HEAP = "-Xmx256m";

    private static final int START_SECONDS_MAX = 60;

    /** How long a process may take to be gone after its socket. */
    private static final int LAST_BREATH_SECONDS = 2;

    /** What a kernel library is told by its surroundings, and what a JVM needs to start. */
    static final Set<String> VARIABLES =
            Set.of(
                    "PATH",
                    "HOME",
                    "TMPDIR",
                    "LANG",
                    "LC_ALL",
                    "LD_LIBRARY_PATH",
                    "SystemRoot",
                    "OMP_WAIT_POLICY",
                    "OMP_NUM_THREADS",
                    "MKL_CBWR",
                    "ATEN_CPU_CAPABILITY",
                    "ONEDNN_MAX_CPU_ISA",
                    "CUDA_VISIBLE_DEVICES",
                    "CUDA_DEVICE_ORDER",
                    "CUBLAS_WORKSPACE_CONFIG",
                    "NVIDIA_TF32_OVERRIDE",
                    "ENGINE_CACHE_DIR",
                    "DJL_CACHE_DIR",
                    "DJL_OFFLINE",
                    "OPT_OUT_TRACKING",
                    "PYTORCH_LIBRARY_PATH",
                    "PYTORCH_VERSION",
                    "PYTORCH_FLAVOR");

    /** As Maven names the jars that go together. */
    private static final Pattern OF_KERNELS =
            Pattern.compile("(api|pytorch-engine|pytorch-jni|pytorch-native-\\w+)-\\d.*\\.jar");

    private static final List<String> PROPERTIES =
            List.of(
                    "java.io.tmpdir",
                    "user.home",
                    "ENGINE_CACHE_DIR",
                    "DJL_CACHE_DIR",
                    "ai.djl.offline",
                    "OPT_OUT_TRACKING",
                    "PYTORCH_LIBRARY_PATH",
                    "PYTORCH_VERSION",
                    "PYTORCH_FLAVOR");

    private final Process process;
    private final Path folder;
    private final Wire wire;
    private final ExecutionProfile profile;
    private final AtomicBoolean ending = new AtomicBoolean();

    private Child(Process process, Path folder, Wire wire, ExecutionProfile profile) {
        this.process = process;
        this.folder = folder;
        this.wire = wire;
        this.profile = profile;
    }

    /**
     * Starts a process and waits until its kernels are loaded.
     *
     * @param folder where its own folder is made
     * @param kernels what it computes with
     * @param device what it computes on
     * @throws IOException when it does not come to that, with what it said
     */
    static Child start(Path folder, Kernels kernels, Device device)
            throws IOException, InterruptedException {
        Files.createDirectories(folder);
        var own = Files.createTempDirectory(folder, "stage-");
        var meeting = Files.createTempDirectory("tensorlink-");
        var address = UnixDomainSocketAddress.of(meeting.resolve("socket"));
        Process process = null;
        Wire wire = null;
        boolean started = false;
        try (var server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            server.bind(address);
            process = launch(own, address.getPath(), kernels, device);
            var _ =
                    process.onExit()
                            .completeOnTimeout(process, START_SECONDS_MAX, TimeUnit.SECONDS)
                            .thenRun(() -> close(server));
            wire = new Wire(server.accept());
            var child = new Child(process, own, wire, readProfile(wire));
            var _ = process.onExit().thenRun(child::noteEnd);
            started = true;
            return child;
        } catch (ClosedByInterruptException interrupted) {
            throw interrupted();
        } catch (IOException failed) {
            throw new IOException(
                    "a process for a stage did not start: "
                            + failed.getMessage()
                            + lastWords(own.resolve("log")),
                    failed);
        } finally {
            Files.deleteIfExists(address.getPath());
            Files.delete(meeting);
            if (!started) {
                abort(process, wire);
                delete(own);
            }
        }
    }

    private static InterruptedException interrupted() {
        Thread.interrupted();
        return new InterruptedException();
    }

    private static Process launch(Path folder, Path socket, Kernels kernels, Device device)
            throws IOException {
        var command = new ArrayList<String>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(
                List.of(
                        HEAP,
                        "-XX:+UseSerialGC",
                        "-XX:-UsePerfData",
                        "-XX:+ExitOnOutOfMemoryError",
                        "-XX:+ErrorFileToStdout",
                        "-XX:-CreateCoredumpOnCrash",
                        "--enable-native-access=ALL-UNNAMED"));
        for (var property : PROPERTIES) {
            var told = kernels.properties().get(property);
            var value = told != null ? told : System.getProperty(property);
            if (value != null) {
                command.add("-D" + property + "=" + value);
            }
        }
        var own = ManagementFactory.getRuntimeMXBean().getClassPath();
        command.addAll(
                List.of(
                        "-cp",
                        classPath(own, kernels),
                        ChildMain.class.getName(),
                        socket.toString(),
                        device.toString()));
        var builder = new ProcessBuilder(command).directory(folder.toFile());
        builder.environment().keySet().retainAll(VARIABLES);
        return builder.redirectErrorStream(true)
                .redirectOutput(folder.resolve("log").toFile())
                .start();
    }

    /** This program's, for a process that works elsewhere, perhaps with other kernels. */
    static String classPath(String own, Kernels kernels) {
        var entries = new ArrayList<String>();
        for (var jar : kernels.jars()) {
            entries.add(jar.toString());
        }
        for (var entry : own.split(File.pathSeparator, -1)) {
            var path = Path.of(entry).toAbsolutePath();
            // Two sets of them on one class path, and the library takes what it finds first of
            // each.
            if (kernels.jars().isEmpty() || !isOfKernels(path)) {
                entries.add(path.toString());
            }
        }
        return String.join(File.pathSeparator, entries);
    }

    private static boolean isOfKernels(Path entry) {
        var name = entry.getFileName();
        return name != null && OF_KERNELS.matcher(name.toString()).matches();
    }

    private static ExecutionProfile readProfile(Wire wire) throws IOException {
        return switch (wire.receive(Reply.class)) {
            case Reply.Ready(var profile) -> profile;
            case Reply.Failed(_, _, var message) -> throw new IOException(message);
            case Reply other -> throw new IOException("it began with " + other);
        };
    }

    ExecutionProfile profile() {
        return profile;
    }

    ProcessHandle handle() {
        return process.toHandle();
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /** Refuses answers with larger tensors from now on. */
    void limitTensors(long bytes) {
        wire.limitTensors(bytes);
    }

    /**
     * Asks and waits for the answer, giving it the weights that it wants meanwhile.
     *
     * @param weights where they are read from; null for a call that needs none
     * @throws Unread when they could not be read
     * @throws IOException when the process has ended, or does not make sense any more
     */
    Reply exchange(Call call, @Nullable Weights weights) throws IOException {
        wire.send(Call.class, call);
        Unread unread = null;
        while (true) {
            var reply = wire.receive(Reply.class);
            if (reply instanceof Reply.Wants wants && weights != null) {
                try {
                    give(wants, weights);
                } catch (Unread failed) {
                    unread = failed;
                    wire.send(Call.class, new Call.Unreadable(String.valueOf(failed.getMessage())));
                }
            } else if (unread != null) {
                throw unread;
            } else {
                return reply;
            }
        }
    }

    /** What was to be read for the process is not to be had; the process is well. */
    static final class Unread extends IOException {
        private static final long serialVersionUID = 1;

        private final Exception cause;

        Unread(Exception cause) {
            super(cause);
            this.cause = cause;
        }

        /** The cause, to be thrown; throws it itself where it is unchecked. */
        IOException rethrown() {
            if (cause instanceof RuntimeException unchecked) {
                throw unchecked;
            }
            return (IOException) cause;
        }
    }

    private void give(Reply.Wants wants, Weights weights) throws IOException {
        if (wants.length() < 0 || wants.length() > AskedWeights.PIECE_BYTES_MAX) {
            throw new IOException("it wants " + wants.length() + " bytes at once");
        }
        try (var bytes = AskedWeights.room(wants.length())) {
            try {
                weights.read(wants.name(), wants.offset(), bytes.data());
            } catch (IOException | RuntimeException failed) {
                throw new Unread(failed);
            } catch (InterruptedException stopping) {
                throw new Unread(new IOException("interrupted", stopping));
            }
            wire.send(Call.class, new Call.Piece(bytes));
        }
    }

    /** Ends the process and waits until it is gone, with all that it held; idempotent. */
    void end() {
        if (!ending.getAndSet(true)) {
            clear();
        }
    }

    /** For when nobody has ended it. */
    private void noteEnd() {
        if (!ending.getAndSet(true)) {
            log.warn("{}", epitaph());
            clear();
        }
    }

    private void clear() {
        if (!process.isAlive()) {
            keepLog();
        }
        abort(process, wire);
        delete(folder);
    }

    private static void abort(@Nullable Process process, @Nullable Wire wire) {
        if (process != null) {
            process.destroyForcibly();
            process.onExit().join();
        }
        if (wire != null) {
            try {
                wire.close();
            } catch (IOException gone) {
                log.debug("a stage's socket", gone);
            }
        }
    }

    /** What has become of the process after {@code broken}, for people. */
    String postMortem(IOException broken) throws InterruptedException {
        return process.waitFor(LAST_BREATH_SECONDS, TimeUnit.SECONDS)
                ? epitaph()
                : "process " + process.pid() + ": " + broken.getMessage();
    }

    private String epitaph() {
        return "process " + process.pid() + " " + sentence(process.exitValue());
    }

    static String sentence(int status) {
        int signal = status - 128;
        return switch (status) {
            case 3 -> "had not enough memory on its heap";
            case 128 + 6, 128 + 11, 128 + 7, 128 + 4, 128 + 8 ->
                    "crashed in native code (signal " + signal + ")";
            case 128 + 9 ->
                    "was killed (signal 9), by hand or because the machine had no memory left";
            default ->
                    signal > 0
                            ? "was ended by signal " + signal
                            : "ended by itself with status " + status;
        };
    }

    /** One log is kept, of the last process that ended by itself. */
    private void keepLog() {
        var kept = folder.resolveSibling("last-crash.log");
        try {
            Files.move(folder.resolve("log"), kept, StandardCopyOption.REPLACE_EXISTING);
            log.warn("what process {} said is in {}", process.pid(), kept);
        } catch (IOException lost) {
            log.warn("what process {} said is lost: {}", process.pid(), lost.getMessage());
        }
    }

    private static String lastWords(Path file) {
        try {
            var text = Files.readString(file).strip();
            int length = text.length();
            return text.isEmpty() ? "" : "; it said: " + text.substring(Math.max(0, length - 500));
        } catch (IOException silent) {
            return "";
        }
    }

    private static void delete(Path folder) {
        try (var files = Files.list(folder)) {
            for (var file : files.toList()) {
                Files.delete(file);
            }
            Files.delete(folder);
        } catch (IOException | UncheckedIOException left) {
            log.warn("{} is left over: {}", folder, left.getMessage());
        }
    }

    private static void close(ServerSocketChannel server) {
        try {
            server.close();
        } catch (IOException closed) {
            log.debug("a stage's socket", closed);
        }
    }

    /** Closes what a message that nobody wants has brought. */
    static void discard(Reply reply) {
        if (reply instanceof Reply.Result(var tensor) && tensor != null) {
            tensor.close();
        }
    }
}
