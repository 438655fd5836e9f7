package tensorlink.node;

import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.IntStream;
import tensorlink.compute.Device;
import tensorlink.compute.DeviceException;
import tensorlink.compute.Engine;
import tensorlink.compute.cuda.Card;
import tensorlink.compute.cuda.Driver;

/**
 * On what a worker computes, and why on that.
 *
 * @param card what is known of it; empty for a processor
 * @param why this and nothing better, for people
 * @param missed what keeps it from computing on a card although it may; empty when nothing does
 */
public record DeviceChoice(
        Device device, Optional<Card> card, String why, Optional<Missed> missed) {

    /** Why no card is used. */
    public enum Missed {
        /** There is no driver, or it has no card that may be used. */
        DRIVER,
        /** The kernels are for processors. */
        KERNELS,
        /** The driver is older than the kernels need. */
        VERSION
    }

    /** What is lent of a card; kernels and what they work in take the rest. */
    private static final double CARD_SHARE = 0.9;

    private static final String TO_GET_KERNELS =
            "\n  try: tensorlink runtime install cuda && tensorlink runtime use cuda";

    /**
     * Chooses, for each device one.
     *
     * @throws DeviceException when what was asked for is not to be had: nothing else is used
     *     silently
     */
    static List<DeviceChoice> of(DeviceWish wish, Devices devices) throws DeviceException {
        if (wish.kind() == DeviceWish.Kind.CPU) {
            return List.of(processor("asked for was cpu", Optional.empty()));
        }
        return switch (devices.driver()) {
            case Driver.Absent(var why) -> List.of(instead(wish, Missed.DRIVER, why));
            case Driver.Present present -> {
                var flavour = devices.flavour();
                var count = present.cards().size();
                if (!flavour.startsWith("cu")) {
                    yield List.of(
                            instead(
                                    wish,
                                    Missed.KERNELS,
                                    "the NVIDIA driver has "
                                            + count
                                            + (count == 1 ? " card" : " cards")
                                            + ", but the kernels chosen here are for processors"));
                }
                if (major(present) < major(flavour)) {
                    yield List.of(
                            instead(
                                    wish,
                                    Missed.VERSION,
                                    "the NVIDIA driver takes CUDA up to "
                                            + present.version()
                                            + ", the kernels are made with "
                                            + flavour));
                }
                yield cards(wish, present, flavour);
            }
        };
    }

    /**
     * Opens the first device chosen, with the kernels of a home, for who computes without a node.
     *
     * @return an engine that the caller closes
     * @throws DeviceException when what was asked for is not to be had
     */
    public static Engine open(DeviceWish wish, Home home) throws IOException, InterruptedException {
        var devices = OwnDevices.of(home, false);
        return devices.open(of(wish, devices).getFirst().device());
    }

    private static List<DeviceChoice> cards(DeviceWish wish, Driver.Present driver, String flavour)
            throws DeviceException {
        int count = driver.cards().size();
        for (int number : wish.cards()) {
            if (number >= count) {
                throw new DeviceException(
                        wish.toString(),
                        "the NVIDIA driver has "
                                + count
                                + (count == 1 ? " card" : " cards")
                                + ", the first is cuda:0");
            }
        }
        var numbers =
                wish.cards().isEmpty() ? IntStream.range(0, count).boxed().toList() : wish.cards();
        var why =
                "asked for was "
                        + wish
                        + "; kernels for "
                        + flavour
                        + ", driver for "
                        + driver.version();
        return numbers.stream()
                .map(number ->
                        new DeviceChoice(
                                Device.cuda(number),
                                Optional.of(driver.cards().get(number)),
                                why,
                                Optional.empty()))
                .toList();
    }

    /** Minor versions of CUDA's go together. */
    private static int major(Driver.Present driver) {
        var version = driver.version();
        return Integer.parseInt(version.substring(0, version.indexOf('.')));
    }

    private static int major(String flavour) {
        return flavour.matches("cu\\d{3}") ? Integer.parseInt(flavour.substring(2, 4)) : 0;
    }

    private static DeviceChoice instead(DeviceWish wish, Missed missed, String why)
            throws DeviceException {
        if (wish.refusesProcessor()) {
            var now = missed == Missed.KERNELS ? TO_GET_KERNELS : "";
            throw new DeviceException(wish.toString(), why + now);
        }
        return processor("no GPU: " + why, Optional.of(missed));
    }

    private static DeviceChoice processor(String why, Optional<Missed> missed) {
        return new DeviceChoice(Device.CPU, Optional.empty(), why, missed);
    }

    /** For people: what it is, and of a card which and how large. */
    public String name() {
        return card.map(it ->
                        String.format(
                                Locale.ROOT,
                                "%s %s, %.1f GiB",
                                device,
                                it.name(),
                                it.memoryBytes() / (double) (1L << 30)))
                .orElse(device.toString());
    }

    /** What is lent of {@code memoryBytes}: of a card no more than it has. */
    long lent(long memoryBytes) {
        return card.map(it -> Math.min(memoryBytes, (long) (it.memoryBytes() * CARD_SHARE)))
                .orElse(memoryBytes);
    }
}
