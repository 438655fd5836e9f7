package tensorlink.compute.torch;

import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import tensorlink.compute.tensor.DType;
import tensorlink.compute.tensor.Tensor;

/**
 * Values between our tensors and libtorch's arrays. Always copies, so neither outlives the other.
 */
final class NativeArrays {
    /** So much of an array is addressed at once; a buffer spans 2 GiB. */
    private static final long PIECE_BYTES = 1L << 30;

    private NativeArrays() {}

    /** A manager whose arrays live until it, or {@code home}, is closed. */
    static PtNDManager scope(PtNDManager home) {
        return home.newSubManager(home.getDevice());
    }

    static PtNDArray copyIn(OperatorModule operators, PtNDManager home, Tensor tensor) {
        var array = home.create(shape(tensor.shape()), dataType(tensor.dtype()));
        var data = tensor.data();
        visit(operators, array, (at, piece) -> piece.copyFrom(data.asSlice(at, piece.byteSize())));
        return array;
    }

    static Tensor copyOut(OperatorModule operators, PtNDArray array) {
        var tensor = Tensor.allocate(dtype(array.getDataType()), shape(array.getShape()));
        var data = tensor.data();
        visit(operators, array, (at, piece) -> data.asSlice(at, piece.byteSize()).copyFrom(piece));
        return tensor;
    }

    /** Is shown an array's memory, which is valid until it returns. */
    @FunctionalInterface
    private interface Visitor {
        void piece(long at, MemorySegment memory);
    }

    private static void visit(OperatorModule operators, PtNDArray array, Visitor visitor) {
        if (array.size() == 0) {
            return;
        }
        if (array.size() <= PIECE_BYTES / array.getDataType().getNumOfBytes()) {
            visitor.piece(0, bytes(array)); // nearly always, and a scope costs more than the copy
            return;
        }
        try (var scope = scope(array.getManager())) {
            long at = 0;
            for (var piece : memory(operators, array, scope)) {
                visitor.piece(at, piece);
                at += piece.byteSize();
            }
        }
    }

    /**
     * An array's memory, in several pieces where a buffer cannot span it.
     *
     * @param array whose values lie one behind the other
     * @return one behind the other, together all of it; valid until {@code scope} closes
     */
    static List<MemorySegment> memory(
            OperatorModule operators, PtNDArray array, PtNDManager scope) {
        return memory(operators, array, scope, PIECE_BYTES);
    }

    static List<MemorySegment> memory(
            OperatorModule operators, PtNDArray array, PtNDManager scope, long pieceBytes) {
        long values = array.size();
        if (values == 0) {
            return List.of();
        }
        long atOnce = pieceBytes / array.getDataType().getNumOfBytes();
        if (values <= atOnce) {
            return List.of(bytes(array));
        }
        var pieces = new ArrayList<MemorySegment>();
        for (long first = 0; first < values; first += atOnce) {
            long count = Math.min(atOnce, values - first);
            try (var view = operators.call("piece", array, first, count)) {
                pieces.add(bytes(view.toTensor(scope)));
            }
        }
        return pieces;
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
