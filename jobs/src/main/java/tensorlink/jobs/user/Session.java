package tensorlink.jobs.user;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tensorlink.compute.MicroBatch;
import tensorlink.jobs.job.Job;
import tensorlink.jobs.job.JobException;
import tensorlink.jobs.job.JobId;
import tensorlink.jobs.job.JobLimits;
import tensorlink.jobs.job.JobState;
import tensorlink.jobs.job.Problem;
import tensorlink.jobs.job.ProblemCode;
import tensorlink.jobs.market.Usage;
import tensorlink.jobs.message.Command;
import tensorlink.jobs.message.Report;
import tensorlink.jobs.message.Route;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.peer.PeerId;

/**
 * A user's running job: its workers and its pipeline. The first thing that fails fails all of it,
 * and every later use says why.
 */
public final class Session {
    private static final Logger log = LoggerFactory.getLogger(Session.class);

    private final Scheduler scheduler;
    private final JobLimits limits;
    private final Job job;
    private final Route route;
    private final List<WorkerLink> links;
    private final AtomicBoolean released = new AtomicBoolean();
    private final AtomicReference<@Nullable End> end = new AtomicReference<>();
    private volatile @Nullable Pipeline pipeline;

    /** What a session has ended of, and whether the workers then hold their stages for another. */
    private record End(Problem problem, boolean holding) {}

    /**
     * @param links one per place of the route, in order; must report their failures to {@link
     *     #fail}
     */
    public Session(
            Scheduler scheduler, JobLimits limits, Job job, Route route, List<WorkerLink> links) {
        this.scheduler = scheduler;
        this.limits = limits;
        this.job = job;
        this.route = route;
        this.links = List.copyOf(links);
    }

    public JobId id() {
        return job.id();
    }

    public Job job() {
        return job;
    }

    public Route route() {
        return route;
    }

    public List<WorkerLink> links() {
        return links;
    }

    /** The last batch that a worker has been sent a part of; 0 before the first. */
    public long lastBatch(WorkerLink link) {
        var flowing = pipeline;
        return flowing == null ? 0 : flowing.lastBatch(link.stage());
    }

    /** Adds the pipeline once the stages are loaded. */
    public void flow(Pipeline connected) throws JobException {
        pipeline = connected;
        check();
    }

    public Pipeline pipeline() throws JobException {
        check();
        var flowing = pipeline;
        if (flowing == null) {
            throw new IllegalStateException("job " + id() + " has no pipeline yet");
        }
        return flowing;
    }

    /**
     * Throws what the job has failed of.
     *
     * @throws JobException when the job has failed, or is over
     */
    public void check() throws JobException {
        var ended = end.get();
        if (ended != null) {
            throw new JobException(ended.problem());
        }
    }

    /** Why the job has failed, if it has. */
    public Optional<Problem> failure() {
        return Optional.ofNullable(end.get()).map(End::problem);
    }

    /** Sends a command to every worker: {@link #tellAll(Function)}. */
    public void tellAll(Command command) throws JobException, InterruptedException {
        tellAll(_ -> command);
    }

    /**
     * Sends each worker its command. A thread that is interrupted meanwhile goes on when all have
     * been told: a stage that has heard it may wait for one that has not, and would not hear that
     * the job is given up.
     */
    public void tellAll(Function<WorkerLink, Command> command)
            throws JobException, InterruptedException {
        check();
        var lost = new AtomicReference<@Nullable JobException>();
        var telling =
                scheduler.fork(
                        "telling-" + id(),
                        () -> {
                            try {
                                for (var link : links) {
                                    link.send(command.apply(link));
                                }
                            } catch (JobException gone) {
                                lost.set(gone);
                            } catch (InterruptedException stopped) {
                                Thread.currentThread().interrupt();
                            }
                        });
        joinWholly(telling);
        var failed = lost.get();
        if (failed != null) {
            throw failed;
        }
    }

    private static void joinWholly(Thread thread) throws InterruptedException {
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException later) {
                interrupted = true;
            }
        }
        if (interrupted) {
            throw new InterruptedException("interrupted while the workers were told");
        }
    }

    /**
     * Waits for one reply of a kind from every worker, in the order of the stages.
     *
     * @param patience for all of them together
     * @param what is waited for, as in "step 3 to be prepared"
     */
    public <R extends Report> List<R> awaitAll(Class<R> kind, Duration patience, String what)
            throws JobException, InterruptedException {
        var deadline = Deadline.after(scheduler, patience, what);
        var replies = new ArrayList<R>();
        for (var link : links) {
            replies.add(link.await(kind, deadline));
        }
        return replies;
    }

    /** Counts what a batch will be paid for. */
    public void count(List<MicroBatch> batch, boolean training) throws JobException {
        var shares = MicroBatch.share(batch, route.grid().replicas());
        for (var link : links) {
            long tokens = 0;
            for (var part : shares.get(route.grid().replica(link.stage()))) {
                tokens += (long) part.inputs().rows() * part.inputs().length();
            }
            var layers = link.plan().layers();
            link.account()
                    .ask(training ? Usage.training(tokens, layers) : Usage.forward(tokens, layers));
        }
    }

    /**
     * The workers that were lost, late, or did other than told; where there are none, those that do
     * not say in time that they are gone.
     */
    public Set<PeerId> toBlame() {
        var blamed = workers(WorkerLink::isToBlame);
        return blamed.isEmpty() ? workers(WorkerLink::isSlow) : blamed;
    }

    private Set<PeerId> workers(Predicate<WorkerLink> which) {
        var workers = new LinkedHashSet<PeerId>();
        for (var link : links) {
            if (which.test(link)) {
                workers.add(link.plan().worker().id());
            }
        }
        return workers;
    }

    /** After a failure: waits for the workers to have freed what they hold, but not for long. */
    public void awaitGone() throws InterruptedException {
        var deadline =
                Deadline.after(scheduler, limits.beatInterval().multipliedBy(2), "the workers");
        for (var link : links) {
            link.awaitGone(deadline);
        }
    }

    /**
     * Ends this session; the first problem stands. A running job whose connections were lost may go
     * on in another session: its workers keep their stages for a while. Otherwise the job has
     * failed, and the workers free what they hold.
     */
    public void fail(Problem problem) {
        boolean holding = mayBeHeld(problem);
        if (!end.compareAndSet(null, new End(problem, holding))) {
            return;
        }
        log.debug("job {}: {}", id(), problem);
        if (holding) {
            links.forEach(link -> link.detach(problem));
            closePipeline(problem);
        } else {
            abandon(problem, new JobState.Failed(problem.toString()));
        }
    }

    /** Cancels the job; what has ended it before stands. The workers free what they hold. */
    public void cancel(Problem problem) {
        if (end.compareAndSet(null, new End(problem, false))) {
            abandon(problem, new JobState.Cancelled(problem.why()));
        }
    }

    private void abandon(Problem problem, JobState state) {
        record(state);
        links.forEach(link -> link.leave(problem));
        closePipeline(problem);
    }

    private boolean mayBeHeld(Problem problem) {
        return (problem.code() == ProblemCode.WORKER_LOST
                        || problem.code() == ProblemCode.USER_LOST)
                && job.state() instanceof JobState.Running
                && !limits.grace().isZero()
                && links.stream().noneMatch(WorkerLink::isMissed);
    }

    /** Whether the workers may still hold their stages for another session of the same job. */
    public boolean isHeld() {
        var ended = end.get();
        return ended != null && ended.holding() && !released.get();
    }

    /** Another session of the same job has begun. */
    public void goneOn() {
        released.set(true);
    }

    /** The job does not go on: it has failed of what this session did. */
    public void letGo() {
        var ended = end.get();
        if (ended != null && ended.holding() && released.compareAndSet(false, true)) {
            record(new JobState.Failed(ended.problem().toString()));
        }
    }

    /**
     * Ends the job in order: every worker frees its stage and is paid. What other threads wait for
     * here fails, because the job is over.
     *
     * @return whether this call ended it; false when it had failed or ended before
     */
    public boolean close(JobState state, String reason) throws InterruptedException {
        var over = new Problem(ProblemCode.ENDED, "job " + id() + " is over", reason, "");
        if (!end.compareAndSet(null, new End(over, false))) {
            return false;
        }
        for (var link : links) {
            link.beginClose(state.label(), over);
        }
        var deadline = Deadline.after(scheduler, limits.closeTimeout(), "the stage to be freed");
        for (var link : links) {
            link.awaitClosed(deadline);
        }
        closePipeline(over);
        record(state);
        return true;
    }

    private void closePipeline(Problem reason) {
        var flowing = pipeline;
        if (flowing != null) {
            flowing.close(reason);
        }
    }

    private void record(JobState state) {
        try {
            job.end(state);
            job.close();
        } catch (IOException unwritten) {
            log.error("job {}: its journal cannot be written", id(), unwritten);
        }
    }
}
