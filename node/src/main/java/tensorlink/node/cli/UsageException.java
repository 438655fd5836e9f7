package tensorlink.node.cli;

/** The arguments make no sense together, or name something that is not there. */
public final class UsageException extends RuntimeException {
    private static final long serialVersionUID = 1;

    public UsageException(String message) {
        super(message);
    }
}
