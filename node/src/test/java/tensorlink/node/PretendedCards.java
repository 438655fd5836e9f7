package tensorlink.node;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import tensorlink.compute.Device;
import tensorlink.compute.DeviceException;
import tensorlink.compute.Engine;
import tensorlink.compute.cuda.Card;
import tensorlink.compute.cuda.Driver;
import tensorlink.compute.torch.TorchEngine;

/** A machine with cards, each of which is its processor by the ways of a card. */
record PretendedCards(Driver driver, String flavour, List<Device> opened) implements Devices {
    static final long MEMORY_BYTES = 8L << 30;

    /** So many, which kernels and driver can use. */
    static PretendedCards usable(int count) {
        return new PretendedCards(present("12.4", count), "cu124", new ArrayList<>());
    }

    static PretendedCards of(Driver driver, String flavour) {
        return new PretendedCards(driver, flavour, new ArrayList<>());
    }

    static Driver present(String version, int count) {
        return new Driver.Present(
                version,
                IntStream.range(0, count)
                        .mapToObj(number -> new Card("Pretended " + number, MEMORY_BYTES, "9.0"))
                        .toList());
    }

    @Override
    public Engine open(Device device) throws IOException {
        opened.add(device);
        if (device.equals(Device.cuda(3))) {
            throw new DeviceException(device.toString(), "out of order");
        }
        return device.kind() == Device.Kind.CPU ? TorchEngine.open() : TorchEngine.pretended();
    }
}
