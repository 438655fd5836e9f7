package tensorlink.compute.torch;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;

/** The engine that all tests of this process share, as libtorch is shared anyway. */
public final class Engines {
    private static final TorchEngine SHARED = open();

    private Engines() {}

    public static TorchEngine shared() {
        return SHARED;
    }

    /**
     * Asserts that what two threads computed is what one did, where the profile says that their
     * number does not matter; it never says so of processors that ignore the setting for it.
     */
    public static <T> void assertBitsOfAnyThreads(T two, T one) {
        switch (SHARED.profile().threads()) {
            case ANY -> assertThat(two).isEqualTo(one);
            case SAME -> assertThat(SHARED.profile().mklCbwr()).doesNotContain("STRICT");
        }
    }

    private static TorchEngine open() {
        try {
            return TorchEngine.open();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
