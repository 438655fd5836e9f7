package tensorlink.node.cli;

import tensorlink.jobs.job.ProblemCode;

/** What the program's exit status means. */
public enum ExitCode {
    DONE(0),
    /** Our bug. */
    INTERNAL(1),
    /** Wrong arguments or configuration. */
    USAGE(2),
    /** The node that was to be asked does not run. */
    NOT_RUNNING(3),
    /** Nobody of the network can be reached. */
    NO_NETWORK(4),
    NO_CAPACITY(5),
    NOT_ALLOWED(6),
    /** A model or data cannot be used. */
    DATA(7),
    JOB_FAILED(8),
    TIMEOUT(9),
    /** A check found what it looks for. */
    CHECK_FAILED(10);

    private final int status;

    ExitCode(int status) {
        this.status = status;
    }

    public int status() {
        return status;
    }

    static ExitCode of(ProblemCode code) {
        return switch (code) {
            case NO_VALIDATOR, UNREACHABLE -> NO_NETWORK;
            case NO_CAPACITY -> NO_CAPACITY;
            case NOT_ALLOWED, PAYMENT -> NOT_ALLOWED;
            case WEIGHTS, TOO_LARGE -> DATA;
            case DEADLINE -> TIMEOUT;
            case MALFORMED, REFUSED, NOT_READY, WORKER_LOST, USER_LOST, COMPUTE, ENDED ->
                    JOB_FAILED;
        };
    }
}
