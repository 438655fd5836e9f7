package tensorlink.node;

import java.io.IOException;
import tensorlink.compute.Engine;
import tensorlink.compute.torch.TorchEngine;

/** Where engines come from, for the rest of this module. */
final class Engines {
    private Engines() {}

    /** Opens libtorch on this machine's processor. */
    static Engine open() throws IOException {
        return TorchEngine.open();
    }
}
