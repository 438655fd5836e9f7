package tensorlink.node.cli;

/** What was asked for would harm something, or cannot be done with what is there. */
final class RefusedException extends RuntimeException {
    private static final long serialVersionUID = 1;

    RefusedException(String message) {
        super(message);
    }
}
