package tensorlink.testnet.prove;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import tensorlink.p2p.core.Scheduler;
import tensorlink.testnet.JavaProcess;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A process of this program that tells what it does, one JSON value a line. */
final class Actor implements AutoCloseable {
    private static final JsonMapper JSON = new JsonMapper();
    private static final Duration END = Duration.ofSeconds(10);

    private final String name;
    private final Process process;
    private final Writer input;

    private Actor(String name, Process process) {
        this.name = name;
        this.process = process;
        this.input = process.outputWriter(StandardCharsets.UTF_8);
    }

    /** Something that an actor told; {@code end} when it is no more. */
    record Event(Actor from, JsonNode value) {
        boolean is(String kind) {
            return value.path("event").asString("").equals(kind);
        }
    }

    /**
     * Starts one.
     *
     * @param log where its standard error goes
     * @param told where what it tells goes
     */
    static Actor start(String name, Path log, List<String> arguments, BlockingQueue<Event> told)
            throws IOException {
        var verb = new ArrayList<>(List.of("prove"));
        verb.addAll(arguments);
        verb.addAll(List.of("-o", "json"));
        var options = List.of("-Xmx256m", "-XX:TieredStopAtLevel=1");
        var process = JavaProcess.builder(options, verb).redirectError(log.toFile()).start();
        var actor = new Actor(name, process);
        var _ = Scheduler.system().fork("told-by-" + name, () -> actor.listen(told));
        return actor;
    }

    private void listen(BlockingQueue<Event> told) {
        try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
            for (var line = lines.readLine(); line != null; line = lines.readLine()) {
                told.add(new Event(this, JSON.readTree(line)));
            }
        } catch (IOException ended) {
            // As good as an end.
        }
        told.add(new Event(this, JSON.valueToTree(Map.of("event", "end"))));
    }

    String name() {
        return name;
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /** Says a line to it. */
    void say(String line) throws IOException {
        input.write(line + "\n");
        input.flush();
    }

    /** Ends it as a power cut does: SIGKILL. */
    void kill() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }

    /** Stops the process where it is, until {@link #thaw}. */
    void freeze() throws IOException, InterruptedException {
        signal("STOP");
    }

    void thaw() throws IOException, InterruptedException {
        signal("CONT");
    }

    private void signal(String signal) throws IOException, InterruptedException {
        int status =
                new ProcessBuilder("kill", "-" + signal, Long.toString(process.pid()))
                        .inheritIO()
                        .start()
                        .waitFor();
        if (status != 0) {
            throw new IOException("kill -" + signal + " of " + name + ": status " + status);
        }
    }

    /** Ends its input and waits for its end, not for long. */
    @Override
    public void close() {
        try {
            input.close();
        } catch (IOException ended) {
            // As it should.
        }
        try {
            if (!process.waitFor(END.toMillis(), TimeUnit.MILLISECONDS)) {
                process.destroyForcibly().waitFor();
            }
        } catch (InterruptedException hurried) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
