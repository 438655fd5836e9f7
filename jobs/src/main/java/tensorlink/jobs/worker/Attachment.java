package tensorlink.jobs.worker;

import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tensorlink.jobs.job.JobException;
import tensorlink.jobs.job.Problem;
import tensorlink.jobs.job.ProblemCode;
import tensorlink.jobs.message.Command;
import tensorlink.jobs.message.FrameStream;
import tensorlink.jobs.message.Hello;
import tensorlink.jobs.message.Report;
import tensorlink.jobs.pipeline.Inbox;
import tensorlink.jobs.pipeline.Slot;
import tensorlink.jobs.pipeline.StageRunner;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.core.Stream;
import tensorlink.p2p.peer.PeerId;

/**
 * One time that a job's user is here: its control stream, and all that ends when that is lost,
 * which is everything but the stage. Safe for use by any thread.
 */
final class Attachment {
    private static final Logger log = LoggerFactory.getLogger(Attachment.class);
    private static final int COMMANDS_WAITING_MAX = 16;

    private final Stream control;
    private final ReentrantLock sending = new ReentrantLock();
    private final AtomicBoolean left = new AtomicBoolean();
    private final Inbox<Command> commands = new Inbox<>(COMMANDS_WAITING_MAX, _ -> {});
    private final ReentrantLock joining = new ReentrantLock();
    private final Map<Joint, Slot<FrameStream>> joined = new HashMap<>();
    private @Nullable Problem notJoined;
    private final Set<Joint> claimed = ConcurrentHashMap.newKeySet();
    private final List<FrameStream> connected = new CopyOnWriteArrayList<>();
    private final Slot<StageRunner> runner = new Slot<>();
    private final Slot<Boolean> obeyed = new Slot<>();
    private final Slot<Boolean> looped = new Slot<>();

    /** A stream that another opens to this stage. */
    record Joint(Hello.Role role, PeerId from) {}

    Attachment(Stream control) {
        this.control = control;
    }

    Stream control() {
        return control;
    }

    Inbox<Command> commands() {
        return commands;
    }

    Slot<StageRunner> runner() {
        return runner;
    }

    /** A stream that is due, when it has come. */
    Slot<FrameStream> joined(Joint joint) {
        joining.lock();
        try {
            return joined.computeIfAbsent(
                    joint,
                    _ -> {
                        var slot = new Slot<FrameStream>();
                        if (notJoined != null) {
                            slot.fail(notJoined);
                        }
                        return slot;
                    });
        } finally {
            joining.unlock();
        }
    }

    /** Whether {@code joint} is the caller's to fill: nobody has claimed it before. */
    boolean claim(Joint joint) {
        return claimed.add(joint);
    }

    /** Notes a stream that this stage has opened. */
    void connected(FrameStream stream) {
        connected.add(stream);
    }

    /** The work done in this time, in units of usage. */
    long usage() {
        return runner.now().map(StageRunner::usage).orElse(0L);
    }

    void report(Report report) throws IOException, InterruptedException {
        sending.lockInterruptibly();
        try {
            control.writeMessage(report.encode());
        } finally {
            sending.unlock();
        }
    }

    /** Reports to a user who may be gone. */
    void tell(Report last) {
        try {
            report(last);
        } catch (IOException gone) {
            log.debug("{} is not told: {}", control.connection().remotePeer(), gone.getMessage());
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** Marks the user as gone; true for the one that does. */
    boolean leave() {
        return left.compareAndSet(false, true);
    }

    /** Whether the user is gone: what fails here does not fail the job any more. */
    boolean isLeft() {
        return left.get();
    }

    /** Ends every thread that waits here; the first reason given stands. */
    void fail(Problem reason) {
        runner.now().ifPresent(running -> running.fail(reason));
        runner.fail(reason);
        failJoining(reason);
        commands.fail(reason);
    }

    private void failJoining(Problem reason) {
        joining.lock();
        try {
            if (notJoined == null) {
                notJoined = reason;
            }
            joined.values().forEach(slot -> slot.fail(reason));
        } finally {
            joining.unlock();
        }
    }

    private List<FrameStream> joinedStreams() {
        joining.lock();
        try {
            return joined.values().stream().flatMap(slot -> slot.now().stream()).toList();
        } finally {
            joining.unlock();
        }
    }

    /** Drops the stage's streams; those that came to it as {@code leaving} says. */
    void drop(Consumer<FrameStream> leaving) {
        joinedStreams().forEach(leaving);
        connected.forEach(FrameStream::close);
    }

    void closeControl() {
        try {
            control.closeWrite();
        } catch (IOException gone) {
            log.debug("{} is gone: {}", control.connection().remotePeer(), gone.getMessage());
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** Commands are not obeyed any more. */
    void obeyed() {
        obeyed.fill(true);
    }

    /** The stage's loop has ended. */
    void looped() {
        looped.fill(true);
    }

    /**
     * Waits until nothing uses the stage any more, after {@link #fail}.
     *
     * @throws JobException when that takes longer than {@code limit}
     */
    void awaitIdle(Scheduler scheduler, Duration limit) throws JobException, InterruptedException {
        var late =
                new Problem(
                        ProblemCode.DEADLINE,
                        "the stage is not idle",
                        "it still computes after " + limit,
                        "come again in a moment");
        obeyed.await(scheduler, limit, late);
        if (runner.now().isPresent()) {
            looped.await(scheduler, limit, late);
        }
    }
}
