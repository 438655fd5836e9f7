package tensorlink.testnet.prove;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import tensorlink.node.Home;
import tensorlink.node.Network;
import tensorlink.node.ValidatorNode;

/**
 * A validator, and worker processes that are replaced when they die. Leaves no process and no file
 * behind. For one thread.
 */
final class Stand implements AutoCloseable {
    /** As many as the training has stages, and one to replace one. */
    static final int WORKERS = Exercise.STAGES + 1;

    private static final Duration READY = Duration.ofSeconds(60);

    private final Path folder;
    private final ValidatorNode validator;
    private final BlockingQueue<Actor.Event> told = new LinkedBlockingQueue<>();
    private final List<Actor> workers = new ArrayList<>();
    private int started;

    private Stand(Path folder, ValidatorNode validator) {
        this.folder = folder;
        this.validator = validator;
    }

    static Stand start() throws IOException, InterruptedException {
        var folder = Files.createTempDirectory("tensorlink-prove-");
        try {
            var validator =
                    ValidatorNode.start(
                            Network.named(Exercise.NETWORK),
                            Home.fresh(),
                            ValidatorNode.Options.free().limits(Exercise.limits()));
            return new Stand(folder, validator);
        } catch (IOException | InterruptedException | RuntimeException failed) {
            Home.delete(folder);
            throw failed;
        }
    }

    /** What came first of what has not been asked for. */
    Actor.Event next(Duration patience) throws IOException, InterruptedException {
        var event = told.poll(patience.toMillis(), TimeUnit.MILLISECONDS);
        if (event == null) {
            throw new IOException("nothing happened for " + patience);
        }
        return event;
    }

    List<Actor> workers() {
        return List.copyOf(workers);
    }

    /** Starts workers in place of those that are gone; they are not ready yet. */
    void replaceDead() throws IOException {
        workers.removeIf(worker -> !worker.isAlive());
        while (workers.size() < WORKERS) {
            workers.add(start("worker", List.of()));
        }
    }

    /** Starts what is missing, waits until it is ready, and forgets what was told before. */
    void restore() throws IOException, InterruptedException {
        replaceDead();
        for (var worker : workers()) {
            worker.say("peace");
        }
        var waiting = new ArrayList<>(workers);
        waiting.removeIf(ready::contains);
        while (!waiting.isEmpty()) {
            var event = next(READY);
            note(event);
            if (event.is("end") && waiting.contains(event.from())) {
                throw new IOException(event.from().name() + " ended before it was ready");
            }
            waiting.removeIf(ready::contains);
        }
        told.clear();
    }

    private final List<Actor> ready = new ArrayList<>();

    /** Notes who is ready; every event is to be shown here. */
    void note(Actor.Event event) {
        if (event.is("ready")) {
            ready.add(event.from());
        }
    }

    /** Starts a user with a home of its own. */
    Actor user(long seed, Path training) throws IOException {
        return start(
                "user", List.of("--seed", Long.toString(seed), "--training", training.toString()));
    }

    /** A folder that is deleted in the end. */
    Path folder(String name) {
        return folder.resolve(name);
    }

    private Actor start(String role, List<String> more) throws IOException {
        var name = role + " " + ++started;
        var own = folder.resolve(role + started);
        Files.createDirectories(own);
        var arguments =
                new ArrayList<>(
                        List.of(
                                role,
                                "--bootstrap",
                                validator.node().info().fullAddresses().getFirst().toString(),
                                "--home",
                                own.resolve("home").toString()));
        arguments.addAll(more);
        return Actor.start(name, own.resolve("log"), arguments, told);
    }

    @Override
    public void close() {
        workers.forEach(Actor::close);
        validator.close();
        try {
            Home.delete(folder);
        } catch (IOException left) {
            throw new java.io.UncheckedIOException(left);
        }
    }
}
