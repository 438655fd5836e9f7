package tensorlink.node;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalInt;

/**
 * On what a worker computes.
 *
 * @param device as the execution profile names it: what the kernels use, not what was hoped for
 * @param why this and nothing better, for people
 */
public record DeviceChoice(String device, String why) {
    private static final String PROCESSOR = "cpu";

    /** Where Linux shows what NVIDIA's driver drives; a folder for each card. */
    private static final Path DRIVEN = Path.of("/proc/driver/nvidia/gpus");

    /**
     * What the machine has, as far as it shows.
     *
     * @param cards that NVIDIA's driver drives; empty where it is not loaded, or cannot be seen
     */
    record Machine(OptionalInt cards) {
        static Machine look() {
            return look(DRIVEN);
        }

        static Machine look(Path driven) {
            if (!Files.isDirectory(driven)) {
                return new Machine(OptionalInt.empty());
            }
            try (var cards = Files.list(driven)) {
                return new Machine(OptionalInt.of((int) cards.count()));
            } catch (IOException unreadable) {
                return new Machine(OptionalInt.empty());
            }
        }
    }

    /**
     * Says what was chosen.
     *
     * @param device what the kernels use
     * @param torch the version of libtorch
     * @throws DeviceException when that is not what was asked for: nothing else is used silently
     */
    static DeviceChoice of(DeviceWish wish, String device, String torch, Machine machine)
            throws DeviceException {
        if (!device.equals(PROCESSOR)) {
            if (wish.kind() == DeviceWish.Kind.CPU) {
                throw new DeviceException(wish, "the kernels here use " + device);
            }
            return new DeviceChoice(device, "asked for was " + wish);
        }
        var obstacle = obstacle(torch, machine);
        if (wish.refusesProcessor()) {
            throw new DeviceException(wish, obstacle);
        }
        return new DeviceChoice(
                device,
                wish.kind() == DeviceWish.Kind.CPU ? "asked for was cpu" : "no GPU: " + obstacle);
    }

    /** Why no card is used. */
    private static String obstacle(String torch, Machine machine) {
        var cards = machine.cards();
        var kernels = "stages use libtorch " + torch + " on processors only";
        if (cards.isEmpty()) {
            return "no NVIDIA driver is to be seen in " + DRIVEN + ", and " + kernels;
        }
        return cards.getAsInt() == 0
                ? "the NVIDIA driver has no card, and " + kernels
                : "NVIDIA's driver has " + cards.getAsInt() + ", but " + kernels;
    }

    /** What the kernels use is not what was asked for. */
    public static final class DeviceException extends IOException {
        private static final long serialVersionUID = 1;

        DeviceException(DeviceWish wish, String why) {
            super("cannot compute on " + wish + ": " + why);
        }
    }
}
