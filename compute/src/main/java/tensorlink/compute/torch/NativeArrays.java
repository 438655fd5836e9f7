package tensorlink.compute.torch;

import ai.djl.Device;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import tensorlink.compute.tensor.DType;
import tensorlink.compute.tensor.Tensor;

/**
 * The arrays of one device: nothing else makes any, or moves values between them and memory of
 * ours. Always copies, so neither outlives the other.
 *
 * <p>What the processor holds Java addresses. What another device holds goes by way of an array on
 * the processor, in pieces, and a copy has come to its end when the call has.
 */
final class NativeArrays {
    /** So much of an array is addressed at once; a buffer spans 2 GiB. */
    private static final long ADDRESSED_BYTES = 1L << 30;

    /** So much is on the way between a device and the processor at once. */
    private static final long STAGED_BYTES = 64L << 20;

    private final OperatorModule operators;
    private final PtNDManager home;
    private final PtNDManager host;
    private final boolean addressed;
    private final long pieceBytes;

    /**
     * @param home whose arrays are on the device; ends with it
     * @param addressed whether Java addresses their memory
     */
    NativeArrays(OperatorModule operators, PtNDManager home, boolean addressed) {
        this(operators, home, addressed, addressed ? ADDRESSED_BYTES : STAGED_BYTES);
    }

    NativeArrays(OperatorModule operators, PtNDManager home, boolean addressed, long pieceBytes) {
        this.operators = operators;
        this.home = home;
        this.host = home.newSubManager(Device.cpu());
        this.addressed = addressed;
        this.pieceBytes = pieceBytes;
    }

    OperatorModule operators() {
        return operators;
    }

    /** The manager whose arrays live longest. */
    PtNDManager home() {
        return home;
    }

    /** A manager whose arrays live until it, or {@link #home}, is closed. */
    PtNDManager scope() {
        return home.newSubManager(home.getDevice());
    }

    /** Whether a device keeps what it is given, which libtorch may refuse to try. */
    static boolean keepsValues(PtNDManager home) {
        try (var array = home.zeros(new Shape(1))) {
            return array.toFloatArray()[0] == 0;
        }
    }

    /** Zeros on the processor, which the caller closes. */
    PtNDArray staged(Shape shape) {
        return (PtNDArray) host.zeros(shape, DataType.FLOAT32);
    }

    /** An array of any values. */
    PtNDArray empty(PtNDManager scope, Shape shape) {
        return scope.create(shape, DataType.FLOAT32);
    }

    PtNDArray zeros(PtNDManager scope, Shape shape) {
        return (PtNDArray) scope.zeros(shape, DataType.FLOAT32);
    }

    /** The number 1, of no axis. */
    PtNDArray one(PtNDManager scope) {
        return (PtNDArray) scope.ones(new Shape());
    }

    /** An array of less than 2 GiB, whose memory {@code filling} writes. */
    PtNDArray filled(
            PtNDManager scope, Shape shape, DataType type, Consumer<MemorySegment> filling) {
        var array = scope.create(shape, type);
        if (addressed) {
            filling.accept(bytes(array));
            return array;
        }
        try (var staged = host.create(shape, type)) {
            filling.accept(bytes(staged));
            move(array, staged);
        }
        return array;
    }

    PtNDArray copyIn(PtNDManager scope, Tensor tensor) {
        var array = scope.create(shape(tensor.shape()), dataType(tensor.dtype()));
        write(array, 0, tensor.data());
        return array;
    }

    Tensor copyOut(PtNDArray array) {
        var tensor = Tensor.allocate(dtype(array.getDataType()), shape(array.getShape()));
        read(array, 0, tensor.data());
        return tensor;
    }

    /** The value of an array of one. */
    float value(PtNDArray scalar) {
        try (var tensor = copyOut(scalar)) {
            return tensor.data().get(ValueLayout.JAVA_FLOAT_UNALIGNED, 0);
        }
    }

    /**
     * Waits until the device has made {@code array}; the processor always has. So what fails is
     * told by the call that asked for it, and is not measured as another's time.
     */
    void await(PtNDArray array) {
        if (!addressed && array.size() > 0) {
            int one = array.getDataType().getNumOfBytes();
            visit(array, 0, one, false, (at, piece) -> {});
        }
    }

    /** Copies values from {@code offset}, in bytes, on. */
    void read(PtNDArray array, long offset, MemorySegment target) {
        visit(
                array,
                offset,
                target.byteSize(),
                false,
                (at, piece) -> target.asSlice(at, piece.byteSize()).copyFrom(piece));
    }

    /** Replaces values from {@code offset}, in bytes, on. */
    void write(PtNDArray array, long offset, MemorySegment source) {
        visit(
                array,
                offset,
                source.byteSize(),
                true,
                (at, piece) -> piece.copyFrom(source.asSlice(at, piece.byteSize())));
    }

    /** Shows all values, piece after piece, each valid until {@code reader} returns. */
    void read(PtNDArray array, Consumer<MemorySegment> reader) {
        long bytes = array.size() * array.getDataType().getNumOfBytes();
        visit(array, 0, bytes, false, (at, piece) -> reader.accept(piece));
    }

    /** Is shown values, {@code at} bytes behind the first asked for. */
    @FunctionalInterface
    private interface Visitor {
        void piece(long at, MemorySegment memory);
    }

    /**
     * @param changes whether what the visitor leaves is to be the array's
     */
    private void visit(
            PtNDArray array, long offset, long length, boolean changes, Visitor visitor) {
        int width = array.getDataType().getNumOfBytes();
        if (length == 0) {
            return;
        }
        if (addressed && array.size() <= pieceBytes / width) {
            // Nearly always, and a scope costs more than the copy.
            visitor.piece(0, bytes(array).asSlice(offset, length));
            return;
        }
        long end = Math.ceilDiv(offset + length, width);
        for (long first = offset / width; first < end; first += pieceBytes / width) {
            long count = Math.min(pieceBytes / width, end - first);
            long begin = Math.max(offset, first * width);
            long stop = Math.min(offset + length, (first + count) * width);
            try (var scope = scope();
                    var piece = operators.call("piece", array, first, count)) {
                var view = piece.toTensor(scope);
                try (var staged = addressed ? view : staged(view)) {
                    var memory = bytes(staged).asSlice(begin - first * width, stop - begin);
                    visitor.piece(begin - offset, memory);
                    if (changes && !addressed) {
                        move(view, staged);
                    }
                }
            }
        }
    }

    /** A copy on the processor. */
    private PtNDArray staged(PtNDArray view) {
        var staged = host.create(view.getShape(), view.getDataType());
        move(staged, view);
        return staged;
    }

    /** Copies values, from one device to another if need be. */
    void move(PtNDArray to, PtNDArray from) {
        operators.call("move", to, from).close();
    }

    /**
     * Values of an array to be written from any thread.
     *
     * @param offset in bytes
     * @param memory that they can be written to at once; null where {@link #write} has to
     */
    record Part(PtNDArray array, long offset, long length, @Nullable MemorySegment memory) {}

    /**
     * All of an array, in parts of at most {@link #pieceBytes}.
     *
     * @param scope until whose end their memory is valid
     */
    List<Part> parts(PtNDArray array, PtNDManager scope) {
        int width = array.getDataType().getNumOfBytes();
        long atOnce = pieceBytes / width;
        var parts = new ArrayList<Part>();
        for (long first = 0; first < array.size(); first += atOnce) {
            long count = Math.min(atOnce, array.size() - first);
            parts.add(
                    new Part(
                            array,
                            first * width,
                            count * width,
                            addressed ? memory(array, first, count, scope) : null));
        }
        return parts;
    }

    private MemorySegment memory(PtNDArray array, long first, long count, PtNDManager scope) {
        if (count == array.size()) {
            return bytes(array);
        }
        try (var view = operators.call("piece", array, first, count)) {
            return bytes(view.toTensor(scope));
        }
    }

    /** The memory of an array of less than 2 GiB on the processor, valid while it lives. */
    private static MemorySegment bytes(PtNDArray array) {
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
