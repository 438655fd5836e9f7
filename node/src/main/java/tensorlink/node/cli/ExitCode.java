package tensorlink.node.cli;

import java.util.LinkedHashMap;
import java.util.Map;
import tensorlink.jobs.job.ProblemCode;

/** What the program's exit status means. */
public enum ExitCode {
    DONE(0, "done; for up: stopped as asked"),
    INTERNAL(1, "a bug of this program"),
    USAGE(2, "wrong arguments or configuration"),
    NOT_RUNNING(3, "the node that was to be asked does not run"),
    NO_NETWORK(4, "nobody of the network can be reached, or an address cannot be listened at"),
    NO_CAPACITY(5, "the network has no room for the job now"),
    NOT_ALLOWED(6, "not allowed, or not paid for"),
    DATA(7, "a model, data, key or network file, or an invitation, cannot be used"),
    JOB_FAILED(8, "the job failed"),
    TIMEOUT(9, "somebody did not answer in time"),
    CHECK_FAILED(10, "a check found what it looks for"),
    IN_USE(11, "another node runs from the same home"),
    CANCELLED(130, "stopped by Ctrl-C or SIGTERM before it was done");

    private final int status;
    private final String meaning;

    ExitCode(int status, String meaning) {
        this.status = status;
        this.meaning = meaning;
    }

    public int status() {
        return status;
    }

    /** What it means, in a few words. */
    public String meaning() {
        return meaning;
    }

    /** All of them by status, for help texts. */
    static Map<String, String> meanings() {
        var meanings = new LinkedHashMap<String, String>();
        for (var code : values()) {
            meanings.put(" " + code.status, code.meaning);
        }
        return meanings;
    }

    static ExitCode of(ProblemCode code) {
        return switch (code) {
            case NO_VALIDATOR, UNREACHABLE -> NO_NETWORK;
            case NO_CAPACITY -> NO_CAPACITY;
            case NOT_ALLOWED, PAYMENT, NO_LEDGER -> NOT_ALLOWED;
            case WEIGHTS, TOO_LARGE, RECORD -> DATA;
            case DEADLINE -> TIMEOUT;
            case MALFORMED, REFUSED, NOT_READY, WORKER_LOST, USER_LOST, COMPUTE, ENDED ->
                    JOB_FAILED;
        };
    }
}
