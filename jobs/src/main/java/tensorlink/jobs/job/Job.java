package tensorlink.jobs.job;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * One job as this node sees it: its identity and its state, each state on disk before it shows.
 *
 * <p>Safe for use by any thread.
 */
public final class Job implements AutoCloseable {
    private final JobId id;
    private final @Nullable JobJournal journal;
    private final InstantSource clock;
    private final ReentrantLock lock = new ReentrantLock();
    private JobState state = new JobState.Requested();

    private Job(JobId id, @Nullable JobJournal journal, InstantSource clock) {
        this.id = id;
        this.journal = journal;
        this.clock = clock;
    }

    /**
     * Begins a job in the state {@link JobState.Requested}.
     *
     * @param journal where its states are kept; null for a job that nobody needs after a restart
     */
    public static Job begin(JobId id, @Nullable JobJournal journal, InstantSource clock)
            throws IOException {
        var job = new Job(id, journal, clock);
        job.write(job.state);
        return job;
    }

    /**
     * Goes on with a job that runs, by the journal in {@code file}.
     *
     * @throws IOException when the journal does not say that it runs
     */
    public static Job running(JobId id, Path file, InstantSource clock) throws IOException {
        var entries = Files.exists(file) ? JobJournal.read(file) : List.<JobJournal.Entry>of();
        if (entries.isEmpty() || !(entries.getLast().state() instanceof JobState.Running running)) {
            throw new IOException(file + " does not say that job " + id + " runs");
        }
        var job = new Job(id, JobJournal.open(file), clock);
        job.state = running;
        return job;
    }

    public JobId id() {
        return id;
    }

    public JobState state() {
        lock.lock();
        try {
            return state;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Moves the job on.
     *
     * @throws IllegalStateException when the job may not become {@code next} now
     */
    public void become(JobState next) throws IOException {
        lock.lock();
        try {
            if (!state.mayBecome(next)) {
                throw new IllegalStateException(
                        "job "
                                + id
                                + " is "
                                + state.label()
                                + " and cannot become "
                                + next.label());
            }
            write(next);
            state = next;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Moves the job on if it may become {@code next} now.
     *
     * @return whether it did
     */
    public boolean tryBecome(JobState next) throws IOException {
        lock.lock();
        try {
            if (!state.mayBecome(next)) {
                return false;
            }
            become(next);
            return true;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Ends the job unless it is over already.
     *
     * @return whether this call ended it
     */
    public boolean end(JobState end) throws IOException {
        return tryBecome(end);
    }

    /** Closes the journal; the state stays readable. */
    @Override
    public void close() throws IOException {
        if (journal != null) {
            journal.close();
        }
    }

    private void write(JobState entered) throws IOException {
        if (journal != null) {
            journal.append(clock.instant(), entered);
        }
    }
}
