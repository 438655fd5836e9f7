package tensorlink.compute;

/**
 * What holds a stage's arrays and computes with them.
 *
 * @param card which of several, from 0 to 63 as CUDA counts them; 0 for a processor
 */
public record Device(Kind kind, int card) {
    /** The processor, with all its cores. */
    public static final Device CPU = new Device(Kind.CPU, 0);

    /** More cards than this are not told apart. */
    public static final int CARDS_MAX = 64;

    private static final String CARD = "cuda:";

    /** Kinds of devices. */
    public enum Kind {
        CPU,
        CUDA
    }

    public Device {
        if (card < 0 || card >= CARDS_MAX || (kind == Kind.CPU && card > 0)) {
            throw new IllegalArgumentException("card " + card + " of " + kind);
        }
    }

    /** One of NVIDIA's cards. */
    public static Device cuda(int card) {
        return new Device(Kind.CUDA, card);
    }

    /**
     * Reads {@code cpu} or {@code cuda:N}.
     *
     * @throws IllegalArgumentException for anything else
     */
    public static Device parse(String text) {
        if (text.equals("cpu")) {
            return CPU;
        }
        var number = text.startsWith(CARD) ? text.substring(CARD.length()) : "";
        if (!number.matches("\\d{1,2}") || Integer.parseInt(number) >= CARDS_MAX) {
            throw new IllegalArgumentException(
                    "device \""
                            + text
                            + "\", must be cpu or cuda:N with N from 0 to "
                            + (CARDS_MAX - 1));
        }
        return cuda(Integer.parseInt(number));
    }

    @Override
    public String toString() {
        return switch (kind) {
            case CPU -> "cpu";
            case CUDA -> CARD + card;
        };
    }
}
