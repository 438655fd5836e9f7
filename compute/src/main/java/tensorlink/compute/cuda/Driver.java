package tensorlink.compute.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.util.List;

/** What NVIDIA's driver says. */
public sealed interface Driver {
    /** As systems with a driver name it. */
    List<String> LIBRARIES = List.of("libcuda.so.1", "nvcuda.dll");

    /** There is nothing to compute on, for the reason given. */
    record Absent(String why) implements Driver {}

    /**
     * It runs.
     *
     * @param version the newest CUDA that it takes, as {@code 12.4}
     * @param cards in the order in which CUDA numbers them; not those that {@code
     *     CUDA_VISIBLE_DEVICES} hides
     */
    record Present(String version, List<Card> cards) implements Driver {
        public Present {
            cards = List.copyOf(cards);
        }
    }

    /** Asks it; takes some tenths of a second where there is one. */
    @SuppressWarnings("restricted") // it is the driver's, or there is none
    static Driver look() {
        for (var library : LIBRARIES) {
            try {
                return ask(SymbolLookup.libraryLookup(library, Arena.global()));
            } catch (IllegalArgumentException absent) {
                // Perhaps under another name.
            }
        }
        return new Absent("there is no NVIDIA driver (" + LIBRARIES.getFirst() + ")");
    }

    /** As {@link #look}, of a driver whose functions are these. */
    static Driver ask(SymbolLookup library) {
        try (var arena = Arena.ofConfined()) {
            return new DriverCalls(library, arena).ask();
        } catch (DriverCalls.Refused refused) {
            return new Absent(String.valueOf(refused.getMessage()));
        }
    }
}
