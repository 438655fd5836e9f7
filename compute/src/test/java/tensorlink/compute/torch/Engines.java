package tensorlink.compute.torch;

import java.io.IOException;
import java.io.UncheckedIOException;

/** The engine that all tests of this process share, as libtorch is shared anyway. */
public final class Engines {
    private static final TorchEngine SHARED = open();

    private Engines() {}

    public static TorchEngine shared() {
        return SHARED;
    }

    private static TorchEngine open() {
        try {
            return TorchEngine.open();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
