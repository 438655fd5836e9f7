package tensorlink.node.cli;

/** The node that was to be asked does not run. */
final class NotRunningException extends RuntimeException {
    private static final long serialVersionUID = 1;

    NotRunningException(String message) {
        super(message);
    }
}
