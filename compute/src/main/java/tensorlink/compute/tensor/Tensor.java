package tensorlink.compute.tensor;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Values of one type and shape in off-heap memory, row-major, little-endian, 64-byte aligned.
 *
 * <p>Has one owner at a time, who closes it; passing a tensor to a method that takes it over ends
 * the caller's ownership. Any thread may read it; writing and closing are the owner's. After {@link
 * #close} its memory serves another tensor, so a segment from {@link #data} must not outlive it.
 */
public final class Tensor implements AutoCloseable {
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG =
            ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final DType dtype;
    private final Shape shape;
    private final MemorySegment data;
    private final AtomicReference<@Nullable Slab> slab;

    private Tensor(DType dtype, Shape shape) {
        this.dtype = dtype;
        this.shape = shape;
        long bytes = Math.multiplyExact(shape.elements(), dtype.bytes());
        var memory = Slab.take(bytes);
        this.slab = new AtomicReference<>(memory);
        this.data = memory.memory().asSlice(0, bytes);
        if (!memory.isClean()) {
            data.fill((byte) 0);
        }
    }

    /** Zeros. The caller checks the size against its limits first. */
    public static Tensor allocate(DType dtype, Shape shape) {
        return new Tensor(dtype, shape);
    }

    public static Tensor ofFloats(Shape shape, float... values) {
        var tensor = allocate(DType.F32, shape);
        tensor.requireElements(values.length);
        for (int i = 0; i < values.length; i++) {
            tensor.data.setAtIndex(FLOAT, i, values[i]);
        }
        return tensor;
    }

    public static Tensor ofLongs(Shape shape, long... values) {
        var tensor = allocate(DType.I64, shape);
        tensor.requireElements(values.length);
        for (int i = 0; i < values.length; i++) {
            tensor.data.setAtIndex(LONG, i, values[i]);
        }
        return tensor;
    }

    /**
     * A copy of {@code parts}, one behind the other along the first axis; the caller owns it.
     *
     * @param parts at least one, alike but for the length of their first axis
     */
    public static Tensor joined(List<Tensor> parts) {
        var first = parts.getFirst();
        long rows = 0;
        for (var part : parts) {
            if (part.dtype != first.dtype
                    || !part.shape.withRows(0).equals(first.shape.withRows(0))) {
                throw new IllegalArgumentException(part + " behind " + first);
            }
            rows += part.shape.axis(0);
        }
        var joined = allocate(first.dtype, first.shape.withRows(rows));
        long at = 0;
        for (var part : parts) {
            long bytes = part.data().byteSize();
            joined.data.asSlice(at, bytes).copyFrom(part.data());
            at += bytes;
        }
        return joined;
    }

    /** A copy of rows {@code first} inclusive to {@code end} exclusive; the caller owns it. */
    public Tensor rows(long first, long end) {
        if (first < 0 || end < first || end > shape.axis(0)) {
            throw new IllegalArgumentException("rows " + first + ".." + end + " of " + this);
        }
        long rowBytes = shape.withRows(1).elements() * dtype.bytes();
        var rows = allocate(dtype, shape.withRows(end - first));
        rows.data.copyFrom(data().asSlice(first * rowBytes, (end - first) * rowBytes));
        return rows;
    }

    public DType dtype() {
        return dtype;
    }

    public Shape shape() {
        return shape;
    }

    public long elements() {
        return shape.elements();
    }

    /**
     * The values' bytes; valid until {@link #close}.
     *
     * @throws IllegalStateException when closed
     */
    public MemorySegment data() {
        if (slab.get() == null) {
            throw new IllegalStateException("tensor is closed");
        }
        return data;
    }

    /** The element at row-major {@code index} of an F32 tensor. */
    public float floatAt(long index) {
        require(DType.F32);
        return data().getAtIndex(FLOAT, index);
    }

    /** The element at row-major {@code index} of an I64 tensor. */
    public long longAt(long index) {
        require(DType.I64);
        return data().getAtIndex(LONG, index);
    }

    /** Sets the element at row-major {@code index} of an F32 tensor. */
    public void setFloat(long index, float value) {
        require(DType.F32);
        data().setAtIndex(FLOAT, index, value);
    }

    /**
     * Adds {@code other}, element by element; both are F32.
     *
     * @param other of as many elements; stays the caller's
     */
    public void add(Tensor other) {
        if (dtype != DType.F32 || other.dtype != DType.F32 || elements() != other.elements()) {
            throw new IllegalArgumentException("adding " + other + " to " + this);
        }
        var own = data();
        var added = other.data();
        long count = elements();
        for (long i = 0; i < count; i++) {
            own.setAtIndex(FLOAT, i, own.getAtIndex(FLOAT, i) + added.getAtIndex(FLOAT, i));
        }
    }

    /** Frees the memory; idempotent. */
    @Override
    public void close() {
        var memory = slab.getAndSet(null);
        if (memory != null) {
            memory.release();
        }
    }

    @Override
    public String toString() {
        return dtype + " " + shape;
    }

    private void require(DType expected) {
        if (dtype != expected) {
            throw new IllegalStateException("tensor is " + dtype + ", not " + expected);
        }
    }

    private void requireElements(int count) {
        if (count != elements()) {
            close();
            throw new IllegalArgumentException(count + " values for shape " + shape);
        }
    }
}
