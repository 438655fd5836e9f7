package tensorlink.node;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import tensorlink.compute.Device;
import tensorlink.compute.Engine;
import tensorlink.compute.child.ChildEngine;
import tensorlink.compute.child.Kernels;
import tensorlink.compute.cuda.Driver;
import tensorlink.compute.torch.TorchEngine;
import tensorlink.node.runtime.Runtimes;

/**
 * This machine's devices. An engine is in this process, or in one for each stage: so are chosen
 * kernels always, which are no part of this class path.
 *
 * @param chosen the kernels, if not those on the class path
 * @param isolated whether strangers' stages are kept out of this process
 * @param folder for what is the processes' own
 */
record OwnDevices(Optional<Kernels> chosen, String flavour, boolean isolated, Path folder)
        implements Devices {

    /** Those of a home, with the kernels that are chosen there. */
    static OwnDevices of(Home home, boolean isolated) throws IOException {
        var runtimes = new Runtimes(home.runtimes());
        var chosen = runtimes.kernels();
        return new OwnDevices(
                chosen,
                chosen.isPresent() ? runtimes.flavour() : TorchEngine.bundledFlavour(),
                isolated,
                home.work().resolve("stages"));
    }

    @Override
    public Driver driver() {
        return Driver.look();
    }

    @Override
    public Engine open(Device device) throws IOException, InterruptedException {
        return chosen.isPresent() || isolated
                ? ChildEngine.open(folder, chosen.orElse(Kernels.bundled()), device)
                : TorchEngine.open(device);
    }
}
