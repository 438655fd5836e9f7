package tensorlink.compute.cuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import tensorlink.compute.Device;

/** The driver's functions, of which each gives 0 when it has done what it should. */
final class DriverCalls {
    /** A function of the driver's failed or is missing. */
    static final class Refused extends RuntimeException {
        private static final long serialVersionUID = 1;

        private Refused(String message) {
            super(message);
        }
    }

    private static final int NAME_BYTES = 256;
    private static final int NO_DEVICE = 100;
    private static final int CAPABILITY_MAJOR = 75;
    private static final int CAPABILITY_MINOR = 76;

    private final SymbolLookup library;
    private final Arena arena;
    private final MemorySegment number;

    DriverCalls(SymbolLookup library, Arena arena) {
        this.library = library;
        this.arena = arena;
        this.number = arena.allocate(JAVA_LONG);
    }

    Driver ask() {
        int begun = call("cuInit", List.of(JAVA_INT), 0);
        if (begun == NO_DEVICE) {
            return new Driver.Absent("the NVIDIA driver has no card that may be used here");
        }
        require("cuInit", begun);
        int version = number("cuDriverGetVersion", List.of(ADDRESS), number);
        int count = number("cuDeviceGetCount", List.of(ADDRESS), number);
        if (count < 0 || count > Device.CARDS_MAX) {
            throw new Refused(
                    "the NVIDIA driver has " + count + " cards, 0 to " + Device.CARDS_MAX);
        }
        var cards = new ArrayList<Card>();
        for (int i = 0; i < count; i++) {
            cards.add(card(number("cuDeviceGet", List.of(ADDRESS, JAVA_INT), number, i)));
        }
        return cards.isEmpty()
                ? new Driver.Absent("the NVIDIA driver has no card that may be used here")
                : new Driver.Present(version / 1000 + "." + version % 1000 / 10, cards);
    }

    private Card card(int device) {
        var name = arena.allocate(NAME_BYTES);
        require(
                "cuDeviceGetName",
                call(
                        "cuDeviceGetName",
                        List.of(ADDRESS, JAVA_INT, JAVA_INT),
                        name,
                        NAME_BYTES - 1,
                        device));
        require(
                "cuDeviceTotalMem_v2",
                call("cuDeviceTotalMem_v2", List.of(ADDRESS, JAVA_INT), number, device));
        long memory = number.get(JAVA_LONG, 0);
        var attribute = List.<MemoryLayout>of(ADDRESS, JAVA_INT, JAVA_INT);
        int major = number("cuDeviceGetAttribute", attribute, number, CAPABILITY_MAJOR, device);
        int minor = number("cuDeviceGetAttribute", attribute, number, CAPABILITY_MINOR, device);
        return new Card(text(name), memory, major + "." + minor);
    }

    private static String text(MemorySegment bytes) {
        int length = 0;
        while (length < NAME_BYTES && bytes.get(JAVA_BYTE, length) != 0) {
            length++;
        }
        var text = new String(bytes.asSlice(0, length).toArray(JAVA_BYTE), StandardCharsets.UTF_8);
        return text.replaceAll("[^ -~]", "?");
    }

    /** What a function puts where its first argument points to. */
    private int number(String function, List<? extends MemoryLayout> types, Object... values) {
        number.fill((byte) 0);
        require(function, call(function, types, values));
        return number.get(JAVA_INT, 0);
    }

    private static void require(String function, int result) {
        if (result != 0) {
            throw new Refused("the NVIDIA driver refuses: " + function + " gives " + result);
        }
    }

    @SuppressWarnings("restricted") // the functions and their types are the driver's
    private int call(String function, List<? extends MemoryLayout> types, Object... values) {
        var found =
                library.find(function)
                        .orElseThrow(
                                () -> new Refused("the NVIDIA driver has no function " + function));
        var type = FunctionDescriptor.of(JAVA_INT, types.toArray(new MemoryLayout[0]));
        try {
            return (int)
                    Linker.nativeLinker().downcallHandle(found, type).invokeWithArguments(values);
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }
}
