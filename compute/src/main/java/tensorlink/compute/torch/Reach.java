package tensorlink.compute.torch;

import tensorlink.compute.Device;

/**
 * How a device's arrays are reached.
 *
 * @param where as the Deep Java Library names the device
 * @param addressed whether Java addresses their memory; else their values go by way of arrays on
 *     the processor
 */
record Reach(ai.djl.Device where, boolean addressed) {

    static Reach of(Device device) {
        return switch (device.kind()) {
            case CPU -> new Reach(ai.djl.Device.cpu(), true);
            case CUDA -> new Reach(ai.djl.Device.gpu(device.card()), false);
        };
    }

    /** A processor treated as if its memory were out of reach, as a card's is. */
    static Reach pretended() {
        return new Reach(ai.djl.Device.cpu(), false);
    }
}
