package tensorlink.compute.torch;

import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import tensorlink.compute.tensor.DType;
import tensorlink.compute.tensor.Tensor;

/**
 * Values between our tensors and libtorch's arrays. Always copies, so neither outlives the other.
 */
final class NativeArrays {
    private NativeArrays() {}

    /** A manager whose arrays live until it, or {@code home}, is closed. */
    static PtNDManager scope(PtNDManager home) {
        return home.newSubManager(home.getDevice());
    }

    static PtNDArray copyIn(PtNDManager home, Tensor tensor) {
        var array = home.create(shape(tensor.shape()), dataType(tensor.dtype()));
        if (tensor.elements() > 0) {
            bytes(array).copyFrom(tensor.data());
        }
        return array;
    }

    static Tensor copyOut(PtNDArray array) {
        var tensor = Tensor.allocate(dtype(array.getDataType()), shape(array.getShape()));
        if (tensor.elements() > 0) {
            tensor.data().copyFrom(bytes(array));
        }
        return tensor;
    }

    /** The memory of an array of less than 2 GiB, valid while it lives. */
    static MemorySegment bytes(PtNDArray array) {
        return MemorySegment.ofBuffer(array.toByteBuffer(true));
    }

    static Shape shape(tensorlink.compute.tensor.Shape shape) {
        var axes = new long[shape.rank()];
        for (int i = 0; i < axes.length; i++) {
            axes[i] = shape.axis(i);
        }
        return new Shape(axes);
    }

    static tensorlink.compute.tensor.Shape shape(Shape shape) {
        var axes = new ArrayList<Long>();
        for (long axis : shape.getShape()) {
            axes.add(axis);
        }
        return new tensorlink.compute.tensor.Shape(axes);
    }

    private static DataType dataType(DType dtype) {
        return switch (dtype) {
            case F32 -> DataType.FLOAT32;
            case I64 -> DataType.INT64;
            case F64, F16, BF16, I32, I16, I8, U8, BOOL ->
                    throw new IllegalArgumentException("a stage takes no " + dtype);
        };
    }

    private static DType dtype(DataType type) {
        if (type != DataType.FLOAT32) {
            throw new IllegalStateException("a stage gives no " + type);
        }
        return DType.F32;
    }
}
