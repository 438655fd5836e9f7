package tensorlink.node;

import java.util.ArrayList;
import java.util.List;
import tensorlink.compute.Device;

/**
 * What a worker is asked to compute on.
 *
 * @param kind of device
 * @param cards which of several, from 0; empty for all, and for a processor
 * @param gpuRequired whether to rather not start than compute on a processor
 */
public record DeviceWish(Kind kind, List<Integer> cards, boolean gpuRequired) {
    private static final String CARDS = "cuda:";

    /** Kinds of devices. */
    public enum Kind {
        /** The best that there is; what was not chosen is said. */
        AUTO,
        CPU,
        CUDA
    }

    public DeviceWish {
        cards = List.copyOf(cards);
        if (kind == Kind.CPU && gpuRequired) {
            throw new IllegalArgumentException("a GPU is required, and a processor is asked for");
        }
    }

    /** Whatever there is. */
    public static DeviceWish any() {
        return new DeviceWish(Kind.AUTO, List.of(), false);
    }

    /**
     * Reads {@code auto}, {@code cpu}, {@code cuda} or {@code cuda:0,1}.
     *
     * @throws IllegalArgumentException for anything else
     */
    public static DeviceWish parse(String text) {
        return switch (text) {
            case "auto" -> any();
            case "cpu" -> new DeviceWish(Kind.CPU, List.of(), false);
            case "cuda" -> new DeviceWish(Kind.CUDA, List.of(), false);
            default -> new DeviceWish(Kind.CUDA, cards(text), false);
        };
    }

    private static List<Integer> cards(String text) {
        var cards = new ArrayList<Integer>();
        var numbers = text.startsWith(CARDS) ? text.substring(CARDS.length()) : "";
        for (var number : numbers.split(",", -1)) {
            if (!number.matches("\\d{1,2}") || Integer.parseInt(number) >= Device.CARDS_MAX) {
                throw new IllegalArgumentException(
                        "must be auto, cpu, cuda or cuda:N,... with N from 0 to "
                                + (Device.CARDS_MAX - 1));
            }
            cards.add(Integer.parseInt(number));
        }
        if (cards.stream().distinct().count() < cards.size()) {
            throw new IllegalArgumentException("names a card twice");
        }
        return cards;
    }

    /** The same, but rather nothing than a processor. */
    public DeviceWish requiringGpu() {
        return new DeviceWish(kind, cards, true);
    }

    /** Whether a processor will not do. */
    boolean refusesProcessor() {
        return kind == Kind.CUDA || gpuRequired;
    }

    @Override
    public String toString() {
        return switch (kind) {
            case AUTO -> gpuRequired ? "any GPU" : "auto";
            case CPU -> "cpu";
            case CUDA ->
                    cards.isEmpty()
                            ? "cuda"
                            : CARDS
                                    + String.join(
                                            ",", cards.stream().map(String::valueOf).toList());
        };
    }
}
