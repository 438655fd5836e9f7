package tensorlink.compute.torch;

import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import tensorlink.compute.Architecture;
import tensorlink.compute.GraphModel;
import tensorlink.compute.ModelConfig;
import tensorlink.compute.Positions;
import tensorlink.compute.Rope;

/**
 * Cosine and sine of every position's rotation, of shape [2, positions, 1, turning dimensions / 2],
 * for at least as many positions as were ever asked for. Computed in strict arithmetic rather than
 * by libtorch, so that the values are the same on any machine. Without rotary positions it is
 * empty.
 */
final class RopeTable {
    private static final int POSITIONS_MIN = 64;

    private final NativeArrays arrays;
    private final float[] frequencies;
    private final int positionsMax;
    private int positions;
    private PtNDArray table;

    RopeTable(NativeArrays arrays, Architecture config) {
        this.arrays = arrays;
        this.frequencies = frequencies(config);
        this.positionsMax = config.contextLength();
        this.positions = Math.min(POSITIONS_MIN, positionsMax);
        this.table = compute();
    }

    private static float[] frequencies(Architecture architecture) {
        return switch (architecture) {
            case ModelConfig config ->
                    switch (config.block().positions()) {
                        case Positions.Rotary(Rope rope, int dimensions) ->
                                rope.frequencies(dimensions);
                        case Positions.Learned ignored -> new float[0];
                    };
            case GraphModel ignored -> new float[0];
        };
    }

    /** A table of at least {@code count} positions; the caller must not keep it. */
    PtNDArray atLeast(int count) {
        if (count > positions) {
            positions = (int) Math.min(positionsMax, Math.max(count, 2L * positions));
            table.close();
            table = compute();
        }
        return table;
    }

    private PtNDArray compute() {
        var shape = new Shape(2, positions, 1, frequencies.length);
        return frequencies.length == 0
                ? arrays.empty(arrays.home(), shape)
                : arrays.filled(arrays.home(), shape, DataType.FLOAT32, this::fill);
    }

    private void fill(MemorySegment bytes) {
        int pairs = frequencies.length;
        long sines = (long) positions * pairs;
        for (int position = 0; position < positions; position++) {
            for (int pair = 0; pair < pairs; pair++) {
                double angle = (float) position * frequencies[pair];
                long at = (long) position * pairs + pair;
                bytes.setAtIndex(ValueLayout.JAVA_FLOAT, at, (float) StrictMath.cos(angle));
                bytes.setAtIndex(ValueLayout.JAVA_FLOAT, sines + at, (float) StrictMath.sin(angle));
            }
        }
    }
}
