package tensorlink.testnet.prove;

import java.util.Locale;
import java.util.SplittableRandom;

/**
 * What happens to a training: drawn from a seed, so that it can happen again.
 *
 * @param onLastStage whom, where it happens to a worker: the last stage's, or the first's
 * @param step in which; for a checkpoint the one it follows
 * @param passes how often the worker passes the point before
 */
record Trouble(Kind kind, boolean onLastStage, int step, int passes) {

    /** In this order from one seed to the next, so that few runs are of many kinds. */
    enum Kind {
        KILL_FORWARD(Point.FORWARD),
        KILL_APPLYING(Point.APPLYING),
        KILL_USER(Point.FORWARD),
        FREEZE_SHORT(Point.BACKWARD),
        KILL_CHECKPOINTING(Point.CHECKPOINTING),
        KILL_BACKWARD(Point.BACKWARD),
        KILL_ALL(Point.BACKWARD),
        KILL_SENDING(Point.SENDING),
        KILL_PREPARED(Point.PREPARED),
        FREEZE_LONG(Point.FORWARD),
        KILL_APPLIED(Point.APPLIED);

        private final Point point;

        Kind(Point point) {
            this.point = point;
        }

        /** When it happens. */
        Point point() {
            return point;
        }

        /** As in "kill forward". */
        String text() {
            return name().toLowerCase(Locale.ROOT).replace('_', ' ');
        }

        /** Whether the worker goes on by itself, and only its machine stands still. */
        boolean goesOn() {
            return switch (this) {
                case KILL_USER, FREEZE_SHORT, FREEZE_LONG -> true;
                case KILL_FORWARD,
                        KILL_APPLYING,
                        KILL_CHECKPOINTING,
                        KILL_BACKWARD,
                        KILL_ALL,
                        KILL_SENDING,
                        KILL_PREPARED,
                        KILL_APPLIED ->
                        false;
            };
        }
    }

    /** A place in a worker's work: before a call of its stage, or after. */
    enum Point {
        FORWARD("forward", false, Exercise.MICRO_BATCHES),
        BACKWARD("backward", false, Exercise.MICRO_BATCHES),
        /** A result is there, and not sent. */
        SENDING("backward", true, Exercise.MICRO_BATCHES),
        PREPARED("prepare", true, 1),
        APPLYING("apply", false, 1),
        APPLIED("apply", true, 1),
        CHECKPOINTING("state", true, 0);

        private final String call;
        private final boolean after;
        private final int perStep;

        Point(String call, boolean after, int perStep) {
            this.call = call;
            this.after = after;
            this.perStep = perStep;
        }

        /** What the names of the stage's methods begin with. */
        String call() {
            return call;
        }

        boolean isAfter() {
            return after;
        }
    }

    /** The trouble of one seed. */
    static Trouble of(long seed) {
        var kind = Kind.values()[Math.floorMod(seed, Kind.values().length)];
        var random = new SplittableRandom(seed);
        boolean onLastStage = random.nextBoolean();
        int perStep = kind.point().perStep;
        if (perStep == 0) {
            int checkpoint = random.nextInt((Exercise.STEPS - 1) / Exercise.CHECKPOINT_EVERY);
            return new Trouble(
                    kind, onLastStage, (checkpoint + 1) * Exercise.CHECKPOINT_EVERY, checkpoint);
        }
        int step = random.nextInt(2, Exercise.STEPS);
        return new Trouble(kind, onLastStage, step, (step - 1) * perStep + random.nextInt(perStep));
    }

    @Override
    public String toString() {
        return kind.text()
                + (kind == Kind.KILL_USER || kind == Kind.KILL_ALL
                        ? ""
                        : ", the " + (onLastStage ? "last" : "first") + " stage's worker")
                + ", step "
                + step;
    }
}
