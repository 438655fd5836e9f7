package tensorlink.jobs.job;

import java.io.IOException;

/** A job, or one request of it, came to nothing; {@link #problem} says what, why and what now. */
public final class JobException extends IOException {
    private static final long serialVersionUID = 1;

    private final transient Problem problem;

    public JobException(Problem problem) {
        super(problem.toString());
        this.problem = problem;
    }

    public JobException(Problem problem, Throwable cause) {
        super(problem.toString(), cause);
        this.problem = problem;
    }

    public JobException(ProblemCode code, String what, String why, String now) {
        this(new Problem(code, what, why, now));
    }

    public Problem problem() {
        return problem;
    }

    public ProblemCode code() {
        return problem.code();
    }
}
