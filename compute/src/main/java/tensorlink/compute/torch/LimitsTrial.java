package tensorlink.compute.torch;

import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDManager;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import tensorlink.compute.Device;
import tensorlink.compute.DeviceLimits;
import tensorlink.compute.tensor.DType;
import tensorlink.compute.tensor.Tensor;

/**
 * Measures what a device can do at best; of several turns the fastest counts. For a compute thread.
 *
 * @param side of the matrices that are multiplied
 * @param bytes that are copied
 */
record LimitsTrial(int side, long bytes) {
    private static final int TURNS = 4;

    /** Takes well under a second of a processor, and of a card with 1 GiB free. */
    static LimitsTrial of(Device device) {
        return switch (device.kind()) {
            case CPU -> new LimitsTrial(1024, 32L << 20);
            case CUDA -> new LimitsTrial(8192, 256L << 20);
        };
    }

    DeviceLimits run(NativeArrays device) {
        try (var scope = device.scope();
                var staged = device.staged(NativeArrays.shape(shape()));
                var tensor = Tensor.allocate(DType.F32, shape())) {
            var there = device.copyIn(scope, tensor);
            var other = device.copyIn(scope, tensor);
            return new DeviceLimits(
                    2.0 * side * side * side / product(device, scope),
                    2.0
                            * bytes
                            / fastest(() -> {
                                device.move(there, other);
                                device.await(there);
                            }),
                    bytes / fastest(() -> device.move(there, staged)),
                    bytes / fastest(() -> device.move(staged, there)),
                    bytes / fastest(() -> device.write(there, 0, tensor.data())),
                    bytes / fastest(() -> device.read(there, 0, tensor.data())));
        }
    }

    private tensorlink.compute.tensor.Shape shape() {
        return tensorlink.compute.tensor.Shape.of(bytes / Float.BYTES);
    }

    private double product(NativeArrays device, PtNDManager scope) {
        var shape = new Shape(side, side);
        var a = device.filled(scope, shape, DataType.FLOAT32, LimitsTrial::fill);
        var b = device.filled(scope, shape, DataType.FLOAT32, LimitsTrial::fill);
        return fastest(() -> {
            try (var product = device.operators().call("product", a, b);
                    var result = product.toTensor(scope)) {
                device.await(result);
            }
        });
    }

    private static void fill(MemorySegment floats) {
        long count = floats.byteSize() / Float.BYTES;
        for (long i = 0; i < count; i++) {
            floats.setAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, i, (i * 37 % 101 - 50) / 64f);
        }
    }

    /** Seconds of the fastest turn, after one that warms up. */
    private static double fastest(Runnable work) {
        work.run();
        double best = Double.MAX_VALUE;
        for (int turn = 0; turn < TURNS; turn++) {
            long begun = System.nanoTime();
            work.run();
            best = Math.min(best, (System.nanoTime() - begun) / 1e9);
        }
        return best;
    }
}
