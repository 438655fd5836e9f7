package tensorlink.compute;

/**
 * A stage is gone, with everything it held: the process that computed it has ended, or its kernels
 * have failed in a way after which nothing they say is trusted. Another stage can go on from the
 * last state that was copied.
 */
public final class StageLostException extends RuntimeException {
    private static final long serialVersionUID = 1;

    public StageLostException(String message) {
        super(message);
    }

    public StageLostException(String message, Throwable cause) {
        super(message, cause);
    }
}
