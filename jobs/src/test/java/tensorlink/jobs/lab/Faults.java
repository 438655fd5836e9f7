package tensorlink.jobs.lab;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;
import tensorlink.compute.Digest;
import tensorlink.compute.Engine;
import tensorlink.compute.PreparedStep;
import tensorlink.compute.Stage;

/**
 * What goes wrong on a test's workers, and when: one of them is killed at a point of its work, and
 * as often again as the test says.
 */
public final class Faults {
    private final Point point;
    private final boolean onLastStage;
    private final AtomicInteger before;
    private final AtomicInteger again;
    private volatile boolean lies;

    /** Where in its work a worker can be killed. */
    public enum Point {
        FORWARD("forward", false),
        BACKWARD("backward", false),
        /** A result is there, and not sent. */
        SENDING("backward", true),
        /** Of replicas: before a part of the gradients is sent. */
        SUMMING("readSum", false),
        /** Of replicas: a sum is there, and not sent on. */
        SUMMED("writeSum", true),
        PREPARING("prepare", false),
        PREPARED("prepare", true),
        APPLYING("apply", false),
        /** Applied, and not told. */
        APPLIED("apply", true),
        CHECKPOINTING("state", true);

        private final String call;
        private final boolean after;

        Point(String call, boolean after) {
            this.call = call;
            this.after = after;
        }
    }

    /**
     * @param onLastStage which of the stages is killed: the last, or the first
     * @param before how often the point is passed before that
     * @param times how many workers are killed there, one after another
     */
    public Faults(Point point, boolean onLastStage, int before, int times) {
        this.point = point;
        this.onLastStage = onLastStage;
        this.before = new AtomicInteger(before);
        this.again = new AtomicInteger(times);
    }

    /** Each point, on the first stage and on the last. */
    public static Stream<Arguments> everywhere() {
        return Stream.of(Point.values())
                .filter(point -> point != Point.SUMMING && point != Point.SUMMED)
                .flatMap(point -> Stream.of(Arguments.of(point, true), Arguments.of(point, false)));
    }

    /**
     * One worker killed at a point of a training of five steps of two micro-batches with a
     * checkpoint every two: within the fourth step, or at the first checkpoint.
     */
    public static Faults midway(Point point, boolean onLastStage) {
        int passes =
                switch (point) {
                    case FORWARD, BACKWARD, SENDING -> 7;
                    case SUMMING, SUMMED, PREPARING, PREPARED, APPLYING, APPLIED -> 3;
                    case CHECKPOINTING -> 0;
                };
        return new Faults(point, onLastStage, passes, 1);
    }

    /** The same, and whoever goes on gives its gradients another name than they have. */
    public Faults withLiesThereafter() {
        lies = true;
        return this;
    }

    /** An engine whose stages call {@code kill} when it is their turn. */
    Engine engine(Engine real, Runnable kill) {
        return (Engine)
                Proxy.newProxyInstance(
                        Engine.class.getClassLoader(),
                        new Class<?>[] {Engine.class},
                        (_, method, arguments) -> {
                            var result = call(real, method, arguments);
                            return result instanceof Stage stage ? stage(stage, kill) : result;
                        });
    }

    private Stage stage(Stage real, Runnable kill) {
        return (Stage)
                Proxy.newProxyInstance(
                        Stage.class.getClassLoader(),
                        new Class<?>[] {Stage.class},
                        (_, method, arguments) -> {
                            boolean here =
                                    method.getName().startsWith(point.call)
                                            && (onLastStage ? real.last() : real.first());
                            boolean dies = here && before.getAndDecrement() <= 0 && takeOne();
                            if (dies && !point.after) {
                                die(kill);
                            }
                            var result = call(real, method, arguments);
                            if (dies) {
                                if (result instanceof AutoCloseable held) {
                                    held.close();
                                }
                                die(kill);
                            }
                            return lies
                                            && again.get() <= 0
                                            && result instanceof PreparedStep prepared
                                    ? new PreparedStep(
                                            Digest.of(new byte[0]), prepared.squaredNorms())
                                    : result;
                        });
    }

    private boolean takeOne() {
        return again.getAndDecrement() > 0;
    }

    private static void die(Runnable kill) {
        kill.run();
        throw new IllegalStateException("killed");
    }

    private static Object call(Object real, Method method, Object[] arguments) throws Throwable {
        try {
            return method.invoke(real, arguments);
        } catch (InvocationTargetException thrown) {
            throw Objects.requireNonNull(thrown.getCause());
        }
    }
}
