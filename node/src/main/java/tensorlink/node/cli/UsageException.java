package tensorlink.node.cli;

/** The arguments make no sense together, or name something that is not there. */
public final class UsageException extends RuntimeException {
    private static final long serialVersionUID = 1;

    public UsageException(String message) {
        super(message);
    }

    /**
     * Checks a flag's value.
     *
     * @throws UsageException when {@code value} is not from {@code least} to {@code most}
     */
    public static void requireRange(String flag, long value, long least, long most) {
        if (value < least || value > most) {
            throw new UsageException(
                    flag
                            + " "
                            + value
                            + ": must be "
                            + (most == Integer.MAX_VALUE || most == Long.MAX_VALUE
                                    ? "at least " + least
                                    : least + " to " + most));
        }
    }
}
