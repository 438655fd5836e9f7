package tensorlink.testnet;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.peer.PeerInfo;
import tools.jackson.databind.json.JsonMapper;

/**
 * A node in a process of its own: this program started again with {@code up}.
 *
 * <p>Stops when it is closed, and also when this process dies, because its standard input ends
 * then.
 */
public final class NodeProcess implements AutoCloseable {
    private static final JsonMapper JSON = new JsonMapper();
    private static final int STOP_SECONDS = 15;
    private static final int LOG_LINES_SHOWN = 20;

    private final Launched launched;
    private final PeerInfo info;
    private final String account;

    private NodeProcess(Launched launched, PeerInfo info, String account) {
        this.launched = launched;
        this.info = info;
        this.account = account;
    }

    /**
     * Starts a node; it is not ready yet.
     *
     * @param name for people
     * @param folder for its home and log
     * @param arguments of {@code up}
     */
    public static Launched launch(String name, Path folder, List<String> arguments)
            throws IOException {
        return launch(name, folder, List.of(), arguments);
    }

    /** The same behind {@code prefix}, a command that becomes the one that follows it. */
    static Launched launch(String name, Path folder, List<String> prefix, List<String> arguments)
            throws IOException {
        Files.createDirectories(folder);
        var log = folder.resolve("log");
        var verb =
                new ArrayList<>(
                        List.of(
                                "up",
                                "-o",
                                "json",
                                "--stop-with-input",
                                "--home",
                                folder.resolve("home").toString()));
        verb.addAll(arguments);
        var process = JavaProcess.builder(List.of("-Xmx512m"), verb);
        process.command().addAll(0, prefix);
        return new Launched(name, process.redirectError(log.toFile()).start(), log);
    }

    /** A process that is becoming a node. */
    public record Launched(String name, Process process, Path log) implements AutoCloseable {

        /**
         * Waits until the node is ready.
         *
         * @throws IOException when it does not get ready, with what it said last and the end of its
         *     log
         */
        public NodeProcess awaitReady() throws IOException, InterruptedException {
            var reader =
                    new BufferedReader(
                            new InputStreamReader(
                                    process.getInputStream(), StandardCharsets.UTF_8));
            var last = "";
            for (var line = reader.readLine(); line != null; line = reader.readLine()) {
                last = line;
                var message = JSON.readTree(line);
                if (message.path("event").asString("").equals("ready")) {
                    // Nothing more comes that anyone needs, but the pipe must not fill up.
                    Scheduler.system().fork("output-" + name, () -> drain(reader));
                    return new NodeProcess(
                            this,
                            PeerInfo.parse(message.path("addresses").path(0).asString()),
                            message.path("account").asString());
                }
            }
            int status = process.waitFor();
            var lines = Files.readAllLines(log);
            throw new IOException(
                    name
                            + " ended with status "
                            + status
                            + " before it was ready: "
                            + last
                            + "\n"
                            + String.join(
                                    "\n",
                                    lines.subList(
                                            Math.max(0, lines.size() - LOG_LINES_SHOWN),
                                            lines.size())));
        }

        private static void drain(BufferedReader reader) {
            try (reader) {
                while (reader.readLine() != null) {
                    // Dropped.
                }
            } catch (IOException ended) {
                // So has the process.
            }
        }

        /** Tells it to stop. */
        void stop() {
            process.toHandle().destroy();
        }

        /** Stops it in order, by force if it takes too long; waits until it is gone. */
        @Override
        public void close() {
            stop();
            try {
                if (!process.waitFor(STOP_SECONDS, TimeUnit.SECONDS)) {
                    process.destroyForcibly().waitFor();
                }
            } catch (InterruptedException interrupted) {
                process.destroyForcibly();
                Thread.currentThread().interrupt();
            }
        }
    }

    public String name() {
        return launched.name();
    }

    /** Its peer id and one address. */
    public PeerInfo info() {
        return info;
    }

    /** Its account's text. */
    public String account() {
        return account;
    }

    public ProcessHandle handle() {
        return launched.process().toHandle();
    }

    /** The most memory it has had in RAM at once; empty where the system does not say. */
    public OptionalLong peakMemory() {
        return peakMemory(launched.process().pid());
    }

    /** The same of any process, from Linux's accounts. */
    public static OptionalLong peakMemory(long pid) {
        try {
            for (var line : Files.readAllLines(Path.of("/proc/" + pid + "/status"))) {
                if (line.startsWith("VmHWM:")) {
                    return OptionalLong.of(Long.parseLong(line.replaceAll("\\D+", "")) * 1024);
                }
            }
        } catch (IOException elsewhere) {
            // Not Linux, or gone.
        }
        return OptionalLong.empty();
    }

    /** Stops it in order, by force if it takes too long; waits until it is gone. */
    @Override
    public void close() {
        launched.close();
    }
}
