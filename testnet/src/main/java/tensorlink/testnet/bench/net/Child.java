package tensorlink.testnet.bench.net;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import tensorlink.p2p.core.Scheduler;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A process that answers each line, a JSON array, with a JSON object; it ends when its input does.
 * For one thread, which may be interrupted.
 */
public final class Child implements AutoCloseable {
    private static final JsonMapper JSON = new JsonMapper();
    private static final long PATIENCE_SECONDS = 5;

    private final String name;
    private final Process process;
    private final Writer commands;
    private final BlockingQueue<Optional<String>> answers = new LinkedBlockingQueue<>();

    private Child(String name, Process process) {
        this.name = name;
        this.process = process;
        this.commands = process.outputWriter(StandardCharsets.UTF_8);
    }

    /** Starts it; whoever does closes it. */
    public static Child start(String name, ProcessBuilder builder) throws IOException {
        var child = new Child(name, builder.redirectError(ProcessBuilder.Redirect.INHERIT).start());
        var _ = Scheduler.system().fork(name, child::listen);
        return child;
    }

    private void listen() {
        try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
            for (var line = lines.readLine(); line != null; line = lines.readLine()) {
                answers.add(Optional.of(line));
            }
        } catch (IOException ended) {
            // As good as an end.
        }
        answers.add(Optional.empty());
    }

    /**
     * Has it do something and waits for the answer.
     *
     * @throws IOException when it fails, with the reason, or ended
     */
    public JsonNode ask(Object... command) throws IOException, InterruptedException {
        commands.write(JSON.writeValueAsString(List.of(command)) + "\n");
        commands.flush();
        var line =
                answers.take().orElseThrow(() -> new IOException("the process " + name + " ended"));
        var answer = JSON.readTree(line);
        if (answer.has("error")) {
            throw new IOException(
                    name + ": " + List.of(command) + ": " + answer.path("error").asString());
        }
        return answer;
    }

    Duration cpu() {
        return process.info().totalCpuDuration().orElse(Duration.ZERO);
    }

    /** Ends its input and waits for its end, not for long. */
    @Override
    public void close() {
        try {
            commands.close();
            if (process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                return;
            }
        } catch (IOException ended) {
            // As it should.
        } catch (InterruptedException hurried) {
            Thread.currentThread().interrupt();
        }
        process.destroyForcibly();
    }
}
