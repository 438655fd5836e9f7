package tensorlink.ledger;

/** The result of a calculation with money is not an {@link Amount}; the message shows it. */
public final class AmountOverflowException extends ArithmeticException {
    private static final long serialVersionUID = 1;

    AmountOverflowException(String message) {
        super(message);
    }
}
