package tensorlink.node;

import java.io.IOException;
import tensorlink.compute.Device;
import tensorlink.compute.Engine;
import tensorlink.compute.cuda.Driver;

/** What a machine can compute on, and the engines for it. */
interface Devices {

    /** What NVIDIA's driver says. */
    Driver driver();

    /** What the kernels at hand are made for: {@code cpu}, or {@code cu} with CUDA's version. */
    String flavour();

    /**
     * Opens an engine, which the caller closes.
     *
     * @throws tensorlink.compute.DeviceException when the kernels cannot compute on {@code device}
     */
    Engine open(Device device) throws IOException, InterruptedException;

    /** The processor alone, for which the caller of this keeps an engine open. */
    static Devices given(Engine engine) {
        return new Devices() {
            @Override
            public Driver driver() {
                return Driver.look();
            }

            @Override
            public String flavour() {
                return "cpu";
            }

            @Override
            public Engine open(Device device) {
                return engine;
            }
        };
    }
}
