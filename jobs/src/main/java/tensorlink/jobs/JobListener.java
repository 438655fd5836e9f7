package tensorlink.jobs;

import tensorlink.jobs.job.JobState;

/**
 * Follows a job's beginning, and its beginning anew when workers are lost, which can take a while.
 * Called by the thread that uses the job.
 */
public interface JobListener {

    /** The job has come this far; {@code detail} says more, or nothing. */
    default void entered(JobState state, String detail) {}

    /** A stage has fetched {@code done} of {@code total} bytes of its weights. */
    default void loading(int stage, long done, long total) {}

    /** Something the user should know, though the job goes on. */
    default void warned(String warning) {}

    /** Workers were lost, others were found, and the job is where it was: bit by bit. */
    default void recovered(Recovered event) {}

    /** Hears nothing. */
    static JobListener silent() {
        return new JobListener() {};
    }
}
