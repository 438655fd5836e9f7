package tensorlink.p2p;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * Network namespaces on this machine, which need no rights: a script of the shell lays them out,
 * and programs of this class path run in them. Takes {@code unshare}, {@code nsenter} and {@code
 * ip} of Linux.
 */
public final class Stage implements AutoCloseable {
    private static final String END = "echo ready; read -r end || true\n";
    private static final int PATIENCE_SECONDS = 60;

    /** Tells what a program says from what is logged. */
    private static final String SAYS = "says: ";

    private final Process script;
    private final Map<String, String> places = new HashMap<>();
    private final List<Player> players = new ArrayList<>();

    private Stage(Process script) {
        this.script = script;
    }

    /**
     * Runs {@code script} as root of a namespace.
     *
     * @param script says in lines which places there are: a name, and the number of a process there
     */
    public static Stage set(String script) throws IOException, InterruptedException {
        var stage =
                new Stage(
                        new ProcessBuilder(
                                        "unshare",
                                        "--map-root-user",
                                        "--net",
                                        "sh",
                                        "-c",
                                        script + "\n" + END)
                                .redirectError(ProcessBuilder.Redirect.INHERIT)
                                .start());
        var lines = new Lines(stage.script, "");
        for (var line = lines.next(); !line.equals("ready"); line = lines.next()) {
            var fields = List.of(line.split(" ", 2));
            stage.places.put(fields.getFirst(), fields.getLast());
        }
        return stage;
    }

    /** What a program says to {@link Player#next}. */
    public static void say(String line) {
        System.out.println(SAYS + line);
    }

    /** Runs {@code program}, which should end when its input does. */
    public Player play(String place, Class<?> program, String... arguments) throws IOException {
        assertThat(places).as("places").containsKey(place);
        var command =
                new ArrayList<>(
                        List.of(
                                "nsenter",
                                "--user",
                                "--preserve-credentials",
                                "--net",
                                "--target",
                                places.getOrDefault(place, ""),
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "-Xmx160m",
                                "-XX:TieredStopAtLevel=1",
                                "--enable-native-access=ALL-UNNAMED",
                                "-cp",
                                classes(),
                                program.getName()));
        command.addAll(List.of(arguments));
        var process =
                new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        var player = new Player(process);
        players.add(player);
        return player;
    }

    private static String classes() {
        var classes = System.getProperty("surefire.test.class.path");
        return classes == null ? System.getProperty("java.class.path") : classes;
    }

    @Override
    public void close() throws IOException {
        for (var player : players) {
            player.process.getOutputStream().close();
        }
        for (var player : players) {
            end(player.process);
        }
        script.getOutputStream().close();
        end(script);
    }

    private static void end(Process process) {
        try {
            if (!process.waitFor(10, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException impatient) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }

    /** A program under way. */
    public static final class Player {
        private final Process process;
        private final Lines lines;

        private Player(Process process) {
            this.process = process;
            this.lines = new Lines(process, SAYS);
        }

        /** Waits for the next line that it says by {@link #say}. */
        public String next() throws InterruptedException {
            return lines.next();
        }

        /** Waits for its end. */
        public int exitValue() throws InterruptedException {
            assertThat(process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
            return process.exitValue();
        }
    }

    /** What a process says. */
    private static final class Lines {
        private final BlockingQueue<String> queue = new LinkedBlockingQueue<>();

        Lines(Process process, String beginning) {
            var reader = process.inputReader(StandardCharsets.UTF_8);
            Thread.ofPlatform().daemon().name("stage").start(() -> listen(reader, beginning));
        }

        private void listen(BufferedReader reader, String beginning) {
            try (reader) {
                for (String line; (line = reader.readLine()) != null; ) {
                    if (line.startsWith(beginning)) {
                        queue.add(line.substring(beginning.length()));
                    }
                }
                queue.add("(end)");
            } catch (IOException ended) {
                queue.add(String.valueOf(ended.getMessage()));
            }
        }

        String next() throws InterruptedException {
            var line = queue.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
            assertThat(line).as("a line within %d seconds", PATIENCE_SECONDS).isNotNull();
            return String.valueOf(line);
        }
    }
}
