package tensorlink.node;

import java.io.IOException;
import java.nio.file.Path;
import tensorlink.compute.Device;
import tensorlink.compute.Engine;
import tensorlink.compute.child.ChildEngine;
import tensorlink.compute.child.Kernels;
import tensorlink.compute.torch.TorchEngine;

/** Where engines come from, for the rest of this module. */
final class Engines {
    private Engines() {}

    /** Opens libtorch on this machine's processor, in this process. */
    static Engine open() throws IOException {
        return TorchEngine.open();
    }

    /**
     * Opens libtorch in a process for each stage.
     *
     * @param folder for what is the processes' own
     * @param kernels what they compute with
     */
    static Engine isolated(Path folder, Kernels kernels) throws IOException, InterruptedException {
        return ChildEngine.open(folder, kernels, Device.CPU);
    }
}
