package tensorlink.jobs.validator;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tensorlink.jobs.exchange.Asker;
import tensorlink.jobs.exchange.Suspicion;
import tensorlink.jobs.job.JobId;
import tensorlink.jobs.job.JobLimits;
import tensorlink.jobs.market.StagePlan;
import tensorlink.jobs.message.Answer;
import tensorlink.jobs.message.JobStatus;
import tensorlink.jobs.message.Question;
import tensorlink.jobs.party.Party;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.peer.PeerId;

/**
 * Watches the workers of one job: asks each for a beat again and again, suspects who stays silent
 * ({@link Suspicion}), and looks for somebody who has room for its layers. With the beats come
 * receipts. Safe for use by any thread.
 */
final class Watch {
    private static final Logger log = LoggerFactory.getLogger(Watch.class);

    private final Party party;
    private final Asker asker;
    private final JobLimits limits;
    private final JobId job;
    private final Spares spares;
    private final Receipts receipts;
    private final ReentrantLock lock = new ReentrantLock();
    private final List<Watched> workers = new ArrayList<>();
    private volatile boolean over;
    private volatile Scheduler.Task timer = () -> {};

    /** Where somebody else is found for a stage. */
    @FunctionalInterface
    interface Spares {
        /**
         * Finds somebody.
         *
         * @param engaged the job's workers
         */
        Optional<PeerId> find(StagePlan stage, Set<PeerId> engaged)
                throws IOException, InterruptedException;
    }

    /** One worker; changed under the lock. */
    private static final class Watched {
        final StagePlan stage;
        final Suspicion suspicion;
        boolean asked;
        boolean searched;
        @Nullable PeerId replacement;

        Watched(StagePlan stage, Suspicion suspicion) {
            this.stage = stage;
            this.suspicion = suspicion;
        }

        PeerId id() {
            return stage.worker().id();
        }
    }

    Watch(
            Party party,
            JobLimits limits,
            JobId job,
            List<StagePlan> stages,
            Spares spares,
            Receipts receipts) {
        this.party = party;
        this.asker = new Asker(party);
        this.limits = limits;
        this.job = job;
        this.spares = spares;
        this.receipts = receipts;
        for (var stage : stages) {
            workers.add(
                    new Watched(
                            stage,
                            new Suspicion(
                                    Suspicion.Settings.of(limits), party.scheduler().nanoTime())));
        }
    }

    /** Begins, until {@link #stop}. */
    Watch start() {
        workers.forEach(worker -> party.host().peers().add(worker.stage.worker()));
        timer = party.scheduler().after(limits.beatInterval(), this::beat);
        return this;
    }

    void stop() {
        over = true;
        timer.cancel();
    }

    /** Who is silent, whether there is somebody in its place or not; nobody after the end. */
    Set<PeerId> suspects() {
        long now = party.scheduler().nanoTime();
        var suspects = new HashSet<PeerId>();
        if (over) {
            return suspects;
        }
        lock.lock();
        try {
            for (var worker : workers) {
                if (worker.suspicion.isSuspect(now)) {
                    suspects.add(worker.id());
                }
            }
        } finally {
            lock.unlock();
        }
        return suspects;
    }

    /** Who is silent and can be replaced. */
    List<JobStatus.Loss> losses() {
        var losses = new ArrayList<JobStatus.Loss>();
        lock.lock();
        try {
            for (var worker : workers) {
                if (!over && worker.replacement != null) {
                    losses.add(new JobStatus.Loss(worker.id(), worker.replacement));
                }
            }
        } finally {
            lock.unlock();
        }
        return losses;
    }

    private void beat() {
        if (over) {
            return;
        }
        timer = party.scheduler().after(limits.beatInterval(), this::beat);
        lock.lock();
        try {
            for (var worker : workers) {
                if (!worker.asked) {
                    worker.asked = true;
                    party.scheduler().fork("beat-" + worker.id().shortText(), () -> ask(worker));
                }
                judge(worker);
            }
        } finally {
            lock.unlock();
        }
    }

    private void ask(Watched worker) {
        boolean here = false;
        try {
            var beating =
                    asker.ask(
                            worker.id(),
                            new Question.AskBeat(job),
                            limits.silenceMax(),
                            Answer.Beating.class);
            here = true;
            beating.receipt().ifPresent(receipts::add);
        } catch (IOException silent) {
            log.debug("job {}: {}: {}", job, worker.id().shortText(), silent.getMessage());
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        } finally {
            asked(worker, here);
        }
    }

    private void asked(Watched worker, boolean here) {
        lock.lock();
        try {
            worker.asked = false;
            if (here) {
                worker.suspicion.heard(party.scheduler().nanoTime());
                worker.replacement = null;
            }
        } finally {
            lock.unlock();
        }
    }

    /** Looks for a replacement where one is due; again with the next beat while there is none. */
    private void judge(Watched worker) {
        if (!worker.searched
                && worker.replacement == null
                && worker.suspicion.isSuspect(party.scheduler().nanoTime())) {
            worker.searched = true;
            party.scheduler().fork("spare-" + worker.id().shortText(), () -> replace(worker));
        }
    }

    private void replace(Watched worker) {
        Optional<PeerId> spare = Optional.empty();
        try {
            var engaged = new HashSet<PeerId>();
            workers.forEach(it -> engaged.add(it.id()));
            spare = spares.find(worker.stage, engaged);
            log.info(
                    "job {}: worker {} is silent; {}",
                    job,
                    worker.id().shortText(),
                    spare.map(it -> it.shortText() + " has room for its layers")
                            .orElse("nobody has room for its layers"));
        } catch (IOException unknown) {
            log.warn("job {}: {}", job, unknown.getMessage());
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        } finally {
            replaced(worker, spare.orElse(null));
        }
    }

    private void replaced(Watched worker, @Nullable PeerId spare) {
        lock.lock();
        try {
            worker.searched = false;
            boolean silent = worker.suspicion.isSuspect(party.scheduler().nanoTime());
            worker.replacement = silent ? spare : null;
        } finally {
            lock.unlock();
        }
    }
}
