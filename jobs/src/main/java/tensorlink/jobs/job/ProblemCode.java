package tensorlink.jobs.job;

import java.util.Optional;

/** The kinds of trouble a job can meet, each with a stable code for programs. */
public enum ProblemCode {
    NO_VALIDATOR("TL-NET-010"),
    UNREACHABLE("TL-NET-011"),
    NO_CAPACITY("TL-CAP-001"),
    MALFORMED("TL-JOB-001"),
    REFUSED("TL-JOB-002"),
    NOT_READY("TL-JOB-003"),
    WORKER_LOST("TL-JOB-004"),
    USER_LOST("TL-JOB-005"),
    DEADLINE("TL-JOB-006"),
    TOO_LARGE("TL-JOB-007"),
    COMPUTE("TL-JOB-008"),
    ENDED("TL-JOB-009"),
    RECORD("TL-JOB-010"),
    WEIGHTS("TL-MOD-003"),
    PAYMENT("TL-PAY-001"),
    NO_LEDGER("TL-PAY-002"),
    NOT_ALLOWED("TL-SEC-003");

    private final String text;

    ProblemCode(String text) {
        this.text = text;
    }

    /** The code as people and programs see it, such as {@code TL-CAP-001}. */
    public String text() {
        return text;
    }

    /** Finds a code by its text, as it comes from a peer. */
    public static Optional<ProblemCode> parse(String text) {
        for (var code : values()) {
            if (code.text.equals(text)) {
                return Optional.of(code);
            }
        }
        return Optional.empty();
    }
}
