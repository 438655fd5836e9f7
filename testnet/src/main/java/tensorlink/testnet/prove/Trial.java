package tensorlink.testnet.prove;

import java.io.IOException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tensorlink.p2p.core.Scheduler;
import tensorlink.testnet.prove.Trouble.Kind;

/** One training and the trouble that befalls it. For one thread, once. */
final class Trial {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final Duration SHORT_FREEZE = Duration.ofSeconds(2);
    private static final Duration LONG_FREEZE = Duration.ofSeconds(10);
    private static final Duration ALL_GONE = Duration.ofSeconds(2);

    private final Stand stand;
    private final Scheduler scheduler;
    private final long seed;
    private final Trouble trouble;
    private final Map<Integer, Integer> losses = new LinkedHashMap<>();
    private Actor user;
    private boolean happened;
    private long happenedAt;
    private long replayed;
    private @Nullable Duration recovery;
    private @Nullable Actor frozen;
    private @Nullable String weights;
    private @Nullable String fault;

    Trial(Stand stand, Scheduler scheduler, long seed) throws IOException {
        this.stand = stand;
        this.scheduler = scheduler;
        this.seed = seed;
        this.trouble = Trouble.of(seed);
        this.user = startUser();
    }

    private Actor startUser() throws IOException {
        return stand.user(seed, stand.folder("training" + seed));
    }

    /**
     * What came of it.
     *
     * @param recovery how long it took until the training was where it was; empty where nobody was
     *     lost
     * @param replayed steps that were done again
     * @param difference from the undisturbed run; empty when there is none
     */
    record Outcome(
            Trouble trouble,
            Optional<Duration> recovery,
            long replayed,
            Optional<String> difference) {}

    /** Runs to the end and compares. */
    Outcome run(Exercise.Result undisturbed) throws IOException, InterruptedException {
        for (var worker : stand.workers()) {
            worker.say("trouble " + seed);
        }
        try {
            while (weights == null && fault == null) {
                hear(stand.next(PATIENCE));
            }
        } finally {
            thaw();
            user.close();
        }
        return new Outcome(
                trouble, Optional.ofNullable(recovery), replayed, difference(undisturbed));
    }

    private void hear(Actor.Event event) throws IOException, InterruptedException {
        stand.note(event);
        var told = event.value();
        if (event.is("here") && !happened) {
            strike(event.from());
        } else if (event.from() != user) {
            return;
        } else if (event.is("begun") && happened && trouble.kind() == Kind.KILL_USER) {
            recovery = since(happenedAt);
            long since = told.path("steps").asLong() % Exercise.CHECKPOINT_EVERY;
            replayed = told.path("anew").asBoolean() ? since : 0;
        } else if (event.is("recovered")) {
            recovery = Duration.ofMillis(told.path("millis").asLong());
            replayed = told.path("replayed").asLong();
        } else if (event.is("step")) {
            note(told.path("step").asInt(), told.path("loss").asInt());
        } else if (event.is("done")) {
            weights = told.path("weights").asString();
        } else if (event.is("end")) {
            fault = "the user's process ended early";
        }
    }

    private void note(int step, int loss) {
        if (losses.putIfAbsent(step, loss) != null) {
            fault = "step " + step + " came twice";
        }
    }

    private void strike(Actor worker) throws IOException, InterruptedException {
        happened = true;
        happenedAt = scheduler.nanoTime();
        for (var other : stand.workers()) {
            if (other != worker) {
                other.say("peace");
            }
        }
        switch (trouble.kind()) {
            case KILL_FORWARD,
                    KILL_BACKWARD,
                    KILL_SENDING,
                    KILL_PREPARED,
                    KILL_APPLYING,
                    KILL_APPLIED,
                    KILL_CHECKPOINTING ->
                    worker.kill();
            case KILL_ALL -> {
                for (var one : stand.workers()) {
                    one.kill();
                }
                scheduler.sleep(ALL_GONE);
                stand.replaceDead();
            }
            case KILL_USER -> {
                user.kill();
                user = startUser();
            }
            case FREEZE_SHORT -> freeze(worker, SHORT_FREEZE);
            case FREEZE_LONG -> freeze(worker, LONG_FREEZE);
        }
    }

    private void freeze(Actor worker, Duration length) throws IOException, InterruptedException {
        worker.freeze();
        frozen = worker;
        scheduler.sleep(length);
        thaw();
    }

    private void thaw() throws IOException, InterruptedException {
        var still = frozen;
        if (still != null) {
            frozen = null;
            still.thaw();
        }
    }

    private Duration since(long nanos) {
        return Duration.ofNanos(scheduler.nanoTime() - nanos);
    }

    private Optional<String> difference(Exercise.Result undisturbed) {
        if (fault != null) {
            return Optional.of(fault);
        }
        if (!happened) {
            return Optional.of("the trouble did not happen");
        }
        for (var entry : losses.entrySet()) {
            int expected = Float.floatToRawIntBits(undisturbed.losses().get(entry.getKey() - 1));
            if (entry.getValue() != expected) {
                return Optional.of("the loss of step " + entry.getKey() + " differs");
            }
        }
        // A user that was killed may have been about to tell of one more step.
        int untold = trouble.kind() == Kind.KILL_USER ? 1 : 0;
        if (losses.size() < Exercise.STEPS - untold) {
            return Optional.of(losses.size() + " steps of " + Exercise.STEPS);
        }
        return undisturbed.weights().hex().equals(weights)
                ? Optional.empty()
                : Optional.of("the weights differ");
    }
}
