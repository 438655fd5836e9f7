package tensorlink.testnet;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The program as a user starts it: a process of its own, with what it prints and ends with. */
final class Program implements AutoCloseable {
    private static final JsonMapper JSON = new JsonMapper();
    private static final int PATIENCE_SECONDS = 60;
    private static final int SIGINT_BIT = 1 << 1;

    private final Process process;
    private final BufferedReader out;
    private final Path err;
    private final List<String> lines = new ArrayList<>();

    private Program(Process process, Path err) {
        this.process = process;
        this.out = process.inputReader(StandardCharsets.UTF_8);
        this.err = err;
    }

    /**
     * Starts it.
     *
     * @param folder for its standard error
     */
    static Program start(Path folder, String... arguments) throws IOException {
        var err = Files.createTempFile(folder, "stderr", ".txt");
        var builder =
                JavaProcess.builder(
                        List.of("-XX:TieredStopAtLevel=1", "-Xmx512m"), List.of(arguments));
        return new Program(builder.redirectError(err.toFile()).start(), err);
    }

    /** Runs it to its end. */
    static Program run(Path folder, String... arguments) throws IOException, InterruptedException {
        var program = start(folder, arguments);
        program.process.getOutputStream().close();
        program.awaitEnd();
        return program;
    }

    /** Waits for a line of standard output that contains {@code text}. */
    String awaitLine(String text) throws IOException {
        for (var line = out.readLine(); line != null; line = out.readLine()) {
            lines.add(line);
            if (line.contains(text)) {
                return line;
            }
        }
        throw new IOException("ended without \"" + text + "\": " + lines + err());
    }

    /** Does what Ctrl-C does; SIGTERM where whoever started this build had Ctrl-C ignored. */
    void interrupt() throws IOException, InterruptedException {
        if (isInterruptIgnored()) {
            terminate();
        } else {
            new ProcessBuilder("kill", "-INT", Long.toString(process.pid())).start().waitFor();
        }
    }

    private static boolean isInterruptIgnored() throws IOException {
        for (var line : Files.readAllLines(Path.of("/proc/self/status"))) {
            if (line.startsWith("SigIgn:")) {
                var mask = Long.parseUnsignedLong(line.substring(7).strip(), 16);
                return (mask & SIGINT_BIT) != 0;
            }
        }
        return false;
    }

    /** Asks it to end, as a service manager does. */
    void terminate() {
        process.toHandle().destroy(); // Process.destroy would also close what it still prints
    }

    /** Ends it as a power cut does. */
    void kill() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }

    /** The status it ended with. */
    int awaitEnd() throws IOException, InterruptedException {
        for (var line = out.readLine(); line != null; line = out.readLine()) {
            lines.add(line);
        }
        if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
            throw new IOException("still runs after " + PATIENCE_SECONDS + " s: " + lines);
        }
        return process.exitValue();
    }

    int status() {
        return process.exitValue();
    }

    /** What it has printed so far. */
    List<String> lines() {
        return lines;
    }

    /** The same as JSON values, one a line. */
    List<JsonNode> values() {
        return lines.stream().map(JSON::readTree).toList();
    }

    String err() throws IOException {
        return Files.readString(err);
    }

    /** Ends it if it still runs. */
    @Override
    public void close() {
        process.destroyForcibly();
    }
}
