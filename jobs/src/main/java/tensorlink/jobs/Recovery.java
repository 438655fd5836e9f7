package tensorlink.jobs;

import java.io.IOException;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tensorlink.compute.Digest;
import tensorlink.jobs.job.JobException;
import tensorlink.jobs.job.JobSpec;
import tensorlink.jobs.job.JobState;
import tensorlink.jobs.job.Problem;
import tensorlink.jobs.job.ProblemCode;
import tensorlink.jobs.message.HeldJob;
import tensorlink.jobs.user.Session;
import tensorlink.ledger.Amount;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.peer.PeerId;

/**
 * Keeps a job going when its workers do not: what fails with them is done again on others, which
 * begin at the last checkpoint and are brought to where the job was.
 *
 * <p>Where only connections were lost, the workers keep their stages for the time of grace, and the
 * same job goes on: they are linked anew, at the last step, and the batches since are sent again.
 * Where that cannot be, the job begins anew.
 *
 * <p>All stages then begin anew, not only the lost one: they must go back to the checkpoint anyway,
 * no worker needs to know how to go back, and who remains is just as good a candidate as before. So
 * a recovery is the beginning of a job, with other weights, and nothing else.
 *
 * <p>For one thread at a time, but for {@link #session} and {@link #giveUp}.
 */
final class Recovery {
    private static final Logger log = LoggerFactory.getLogger(Recovery.class);
    private static final Duration FIRST_PAUSE = Duration.ofMillis(100);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(2);

    /** The same work may lose its workers so often; then it is the work. */
    private static final int LOSSES_MAX = 5;

    private final Scheduler scheduler;
    private final Recruits recruits;
    private final Duration patience;
    private final Duration grace;
    private final JobListener listener;
    private final Replay replay;
    private final Set<PeerId> avoided = new LinkedHashSet<>();
    private volatile Started current;
    private volatile boolean recovering;
    private volatile boolean over;
    private boolean interrupted;
    private boolean left;
    private Amount spent = Amount.ZERO;

    Recovery(
            Scheduler scheduler,
            Started first,
            Recruits recruits,
            JobOptions options,
            Duration grace,
            JobListener listener,
            Replay replay) {
        this.scheduler = scheduler;
        this.current = first;
        this.recruits = recruits;
        this.patience = options.patience();
        this.grace = grace;
        this.listener = listener;
        this.replay = replay;
    }

    /**
     * A job that runs.
     *
     * @param profiles the ids of the execution profiles of its stages, in order
     * @param predicted how long a step was predicted to take; zero where that is not known
     * @param hold on its workers
     */
    record Started(Session session, List<String> profiles, Duration predicted, Hold hold) {
        Started {
            profiles = List.copyOf(profiles);
        }
    }

    /** A job's hold on its workers, from their agreements to its end. */
    interface Hold {
        /** What another process of this user needs to go on with the job, where one can. */
        Optional<HeldJob> held();

        /** What else is to be done when the job is over. */
        void ended(JobState state, @Nullable Digest result) throws InterruptedException;

        /**
         * Links the stages anew that the workers keep since {@code lost} was.
         *
         * @throws JobException when they cannot be linked; then {@code lost} is held no longer,
         *     unless nobody at all could be reached
         */
        Started resume(Session lost) throws JobException, InterruptedException;

        /** Tells workers that may keep their stages since {@code lost} was not to. */
        void release(Session lost) throws InterruptedException;
    }

    /** Where other workers come from. */
    interface Recruits {
        /**
         * Starts the job from the last checkpoint.
         *
         * @param avoided workers to use only where no others will do; those that fail are added
         * @param spent what has been paid of the job's price
         */
        Started start(Set<PeerId> avoided, Amount spent) throws IOException, InterruptedException;

        /** Whether the job's lifetime is over. */
        boolean expired();

        /** Forgets the job, which is over. */
        void over();
    }

    /** Brings stages that begin at the last checkpoint to where the job was. */
    interface Replay {
        /** Returns how many steps were done again. */
        long replay(Started fresh) throws IOException, InterruptedException;

        /** The same with stages that were held when another process of the user was lost. */
        void takeUp(Started held) throws IOException, InterruptedException;

        /** Whether stages that are at the last step can be brought to where the job was. */
        boolean resumable();

        /** Brings stages that have been taken up again to where the job was. */
        void resume(Started resumed) throws JobException, InterruptedException;
    }

    /** Something that needs the workers, and that can be done again from its beginning. */
    interface Work<T, E extends IOException> {
        T run(Session session) throws E, InterruptedException;
    }

    Session session() {
        return current.session();
    }

    Started current() {
        return current;
    }

    /** Whether other workers are being looked for now. */
    boolean isRecovering() {
        return recovering;
    }

    /**
     * Brings the first workers to where the job was when its user's last process ended.
     *
     * @param held whether they have held their stages since
     */
    void begin(boolean held) throws IOException, InterruptedException {
        try {
            if (held) {
                replay.takeUp(current);
            } else {
                replay(current);
            }
        } catch (JobException failed) {
            requireSurvivable(failed);
            recover(failed.problem());
        }
    }

    /** Runs {@code work}, again and on other workers when it fails with its workers. */
    <T, E extends IOException> T surviving(Work<T, E> work)
            throws E, JobException, InterruptedException {
        try {
            return repeated(work);
        } catch (InterruptedException stopped) {
            interrupted = true;
            throw stopped;
        }
    }

    private <T, E extends IOException> T repeated(Work<T, E> work)
            throws E, JobException, InterruptedException {
        for (int losses = 1; ; losses++) {
            try {
                return work.run(session());
            } catch (IOException failed) {
                requireGoingOn();
                if (!(failed instanceof JobException lost) || losses == LOSSES_MAX) {
                    throw failed;
                }
                requireSurvivable(lost);
                recover(lost.problem());
            }
        }
    }

    /** A job that was ended by another thread fails of that, not of what broke then. */
    private void requireGoingOn() throws JobException {
        if (over) {
            session().check();
        }
    }

    /** Whether {@link #surviving} was ended by an interrupt. */
    boolean interrupted() {
        return interrupted;
    }

    /** No other workers are looked for any more. */
    void giveUp() {
        over = true;
    }

    /** Ends the job as it runs now. */
    void end(JobState state, @Nullable Digest result) throws InterruptedException {
        giveUp();
        var session = session();
        if (!session.close(state, state.reason()) && session.isHeld()) {
            current.hold().release(session);
        }
        recruits.over();
        current.hold().ended(session.job().state(), result);
    }

    private void requireSurvivable(JobException failed) throws JobException {
        if (over
                || patience.isZero()
                || session().failure().isEmpty()
                || recruits.expired()
                || !isOfWorkers(failed.code())) {
            throw failed;
        }
    }

    /** Whether other workers, or the same at another time, could do better. */
    private static boolean isOfWorkers(ProblemCode code) {
        return switch (code) {
            case NO_VALIDATOR,
                    UNREACHABLE,
                    NO_CAPACITY,
                    MALFORMED,
                    REFUSED,
                    NOT_READY,
                    WORKER_LOST,
                    USER_LOST,
                    DEADLINE,
                    COMPUTE,
                    ENDED ->
                    true;
            case TOO_LARGE, WEIGHTS, PAYMENT, NO_LEDGER, RECORD, NOT_ALLOWED -> false;
        };
    }

    private void recover(Problem problem) throws JobException, InterruptedException {
        long begun = scheduler.nanoTime();
        recovering = true;
        try {
            boolean held = session().isHeld();
            listener.warned(
                    problem + (held ? "; reaching for them again" : "; looking for other workers"));
            var pause = FIRST_PAUSE;
            var said = problem;
            while (true) {
                try {
                    long steps = session().isHeld() ? resume(begun) : restart();
                    listener.recovered(
                            new Recovered(
                                    problem,
                                    session().id(),
                                    session().links().stream()
                                            .map(link -> link.plan().worker().id())
                                            .toList(),
                                    steps,
                                    Duration.ofNanos(scheduler.nanoTime() - begun)));
                    return;
                } catch (JobException again) {
                    requireTime(again, begun, pause);
                    if (!again.problem().equals(said)) {
                        said = again.problem();
                        listener.warned(said + "; trying again");
                    }
                }
                scheduler.sleep(pause);
                var longer = pause.multipliedBy(2);
                pause = longer.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : longer;
            }
        } finally {
            recovering = false;
        }
    }

    /**
     * Goes on with the workers that keep their stages, or with others when those do not.
     *
     * @param begun when the recovery did
     */
    private long resume(long begun) throws JobException, InterruptedException {
        var lost = current;
        boolean late = scheduler.nanoTime() - begun > grace.toNanos();
        if (late || !replay.resumable()) {
            return restart();
        }
        try {
            current = lost.hold().resume(lost.session());
        } catch (JobException gone) {
            if (lost.session().isHeld()) {
                throw gone; // we reach nobody, and are tried again
            }
            log.info("job {} does not go on with its workers: {}", session().id(), gone.problem());
            return restart();
        }
        if (over) {
            session().close(new JobState.Cancelled("given up"), "given up");
            session().check();
        }
        try {
            replay.resume(current);
            return 0;
        } catch (JobException again) {
            if (over || current.session().isHeld()) {
                throw again;
            }
            return restart();
        }
    }

    private long restart() throws JobException, InterruptedException {
        if (!left) {
            leave(current);
        }
        var fresh = start();
        current = fresh;
        left = false;
        if (over) {
            fresh.session().close(new JobState.Cancelled("given up"), "given up");
            tellEnd(fresh);
            fresh.session().check();
        }
        try {
            return replay(fresh);
        } catch (JobException failed) {
            if (fresh.session().failure().isEmpty()) {
                over = true; // what was done again came out otherwise
                fresh.session().fail(failed.problem());
            }
            if (over || !fresh.session().isHeld()) {
                leave(fresh);
            }
            throw failed;
        }
    }

    private Started start() throws JobException, InterruptedException {
        try {
            return recruits.start(avoided, spent);
        } catch (JobException failed) {
            throw failed;
        } catch (IOException local) {
            throw unreadable(local);
        }
    }

    private long replay(Started fresh) throws JobException, InterruptedException {
        try {
            return replay.replay(fresh);
        } catch (JobException failed) {
            throw failed;
        } catch (IOException local) {
            throw unreadable(local);
        }
    }

    private static JobException unreadable(IOException cause) {
        return new JobException(
                new Problem(
                        ProblemCode.RECORD,
                        "the job cannot be taken up again",
                        String.valueOf(cause.getMessage()),
                        "check the disk that holds what is kept of it"),
                cause);
    }

    /** Notes whom to avoid, and waits for the others to be free for another job. */
    private void leave(Started failed) throws InterruptedException {
        var session = failed.session();
        left = true;
        if (session.isHeld()) {
            failed.hold().release(session);
        }
        session.awaitGone();
        var blamed = session.toBlame();
        if (blamed.isEmpty()) {
            // One of them hangs, or two cannot reach each other, and nobody can say which.
            session.links().forEach(link -> blamed.add(link.plan().worker().id()));
        }
        avoided.removeAll(blamed); // to be the last, of whom the first are tried first
        avoided.addAll(blamed);
        while (avoided.size() > JobSpec.AVOIDED_MAX) {
            avoided.remove(avoided.iterator().next());
        }
        for (var link : session.links()) {
            spent = spent.plus(link.account().paid());
        }
        scheduler.fork("lost-" + session.id(), () -> tellEnd(failed));
    }

    private static void tellEnd(Started failed) {
        try {
            failed.hold().ended(failed.session().job().state(), null);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void requireTime(JobException failed, long begun, Duration pause) throws JobException {
        var spentTime = Duration.ofNanos(scheduler.nanoTime() - begun);
        if (over
                || recruits.expired()
                || !isOfWorkers(failed.code())
                || spentTime.plus(pause).compareTo(patience) > 0) {
            over = true;
            log.info("job {} is not recovered after {}", session().id(), spentTime);
            throw failed;
        }
    }
}
