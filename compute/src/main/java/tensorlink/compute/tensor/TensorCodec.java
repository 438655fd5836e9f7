package tensorlink.compute.tensor;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;

/**
 * How hidden states and their gradients are written when they travel. What is sent decides what
 * arrives, bit for bit, on any machine; but only {@link #EXACT} and {@link #LOSSLESS} deliver the
 * values that were sent.
 */
public enum TensorCodec {
    /** The values' bytes as they lie in memory. */
    EXACT,

    /**
     * Bytes of equal significance side by side, then entropy coded (deflate, Huffman codes only):
     * exponents repeat where mantissas do not.
     */
    LOSSLESS,

    /** Each F32 value as the nearest BF16 value, ties to even: half the bytes. */
    BF16,

    /**
     * Each F32 value as a whole number of 127ths of the largest in its block of {@value #BLOCK}: a
     * scale per block, then a byte per value. A block with a value that is not finite arrives as
     * not-a-number, so that a training that diverges still shows it.
     */
    INT8;

    private static final int BLOCK = 64;
    private static final int CHUNK = 1 << 16;
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;

    /** Whether tensors of a type can be written so; those that cannot travel as they are. */
    public boolean takes(DType type) {
        return switch (this) {
            case EXACT, LOSSLESS -> true;
            case BF16, INT8 -> type == DType.F32;
        };
    }

    /** Whether other values may arrive than were sent. */
    public boolean lossy() {
        return switch (this) {
            case EXACT, LOSSLESS -> false;
            case BF16, INT8 -> true;
        };
    }

    /** Whether encoded bytes can have this size, which is checked before memory is taken. */
    public boolean fits(long encodedBytes, DType type, Shape shape) {
        long elements = shape.elements();
        return switch (this) {
            case EXACT -> encodedBytes == elements * type.bytes();
            case LOSSLESS -> encodedBytes > 0 && encodedBytes < elements * type.bytes();
            case BF16 -> encodedBytes == elements * Short.BYTES;
            case INT8 -> encodedBytes == blocks(elements) * Float.BYTES + elements;
        };
    }

    /**
     * Writes a tensor's values as bytes.
     *
     * @return U8 of one axis, the caller's to close; for {@link #LOSSLESS} an empty one where the
     *     values do not get shorter
     * @throws IllegalArgumentException for a type that this does not take
     */
    public Tensor encode(Tensor values) {
        requireTaken(values);
        long elements = values.elements();
        var data = values.data();
        return switch (this) {
            case EXACT -> {
                var bytes = bytes(data.byteSize());
                bytes.data().copyFrom(data);
                yield bytes;
            }
            case LOSSLESS -> deflate(data, values.dtype().bytes());
            case BF16 -> {
                var bytes = bytes(elements * Short.BYTES);
                narrow(data, bytes.data(), elements);
                yield bytes;
            }
            case INT8 -> {
                var bytes = bytes(blocks(elements) * Float.BYTES + elements);
                quantize(data, bytes.data(), elements);
                yield bytes;
            }
        };
    }

    /**
     * Reads what {@link #encode} wrote.
     *
     * @param encoded of a size that {@link #fits}
     * @param values of the type and shape that were written; overwritten
     * @throws IllegalArgumentException when the bytes are not those of such values
     */
    public void decode(MemorySegment encoded, Tensor values) {
        requireTaken(values);
        var data = values.data();
        switch (this) {
            case EXACT -> data.copyFrom(encoded);
            case LOSSLESS -> inflate(encoded, data, values.dtype().bytes());
            case BF16 -> DType.BF16.widen(encoded, data);
            case INT8 -> restore(encoded, data, values.elements());
        }
    }

    /** How far what arrives is from these values; not finite where they are not. */
    public CodecError error(Tensor values, MemorySegment encoded) {
        if (!lossy()) {
            return CodecError.NONE;
        }
        double error = 0;
        double sum = 0;
        try (var arrived = Tensor.allocate(values.dtype(), values.shape())) {
            decode(encoded, arrived);
            for (long i = 0; i < values.elements(); i++) {
                double value = values.floatAt(i);
                double difference = value - arrived.floatAt(i);
                error += difference * difference;
                sum += value * value;
            }
        }
        return new CodecError(error, sum);
    }

    private void requireTaken(Tensor values) {
        if (!takes(values.dtype())) {
            throw new IllegalArgumentException("codec " + this + " of " + values.dtype());
        }
    }

    private static Tensor bytes(long count) {
        return Tensor.allocate(DType.U8, Shape.of(count));
    }

    private static long blocks(long elements) {
        return Math.ceilDiv(elements, (long) BLOCK);
    }

    private static void narrow(MemorySegment from, MemorySegment to, long elements) {
        for (long i = 0; i < elements; i++) {
            float value = from.getAtIndex(FLOAT, i);
            int bits = Float.floatToRawIntBits(value);
            // Rounding could carry a not-a-number's payload into its exponent: it stays what it is.
            short nearest =
                    Float.isNaN(value)
                            ? (short) ((bits >>> 16) | 0x40)
                            : (short) ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16);
            to.setAtIndex(SHORT, i, nearest);
        }
    }

    private static void quantize(MemorySegment from, MemorySegment to, long elements) {
        long blocks = blocks(elements);
        var numbers = to.asSlice(blocks * Float.BYTES);
        for (long block = 0; block < blocks; block++) {
            long first = block * BLOCK;
            long end = Math.min(first + BLOCK, elements);
            float largest = 0;
            for (long i = first; i < end; i++) {
                largest = Math.max(largest, Math.abs(from.getAtIndex(FLOAT, i)));
            }
            float scale = Float.isFinite(largest) ? largest / 127 : Float.NaN;
            to.setAtIndex(FLOAT, block, scale);
            for (long i = first; i < end; i++) {
                // Of a block of zeros 0/0, which is cast to 0.
                numbers.set(BYTE, i, (byte) Math.rint(from.getAtIndex(FLOAT, i) / scale));
            }
        }
    }

    private static void restore(MemorySegment from, MemorySegment to, long elements) {
        var numbers = from.asSlice(blocks(elements) * Float.BYTES);
        for (long i = 0; i < elements; i++) {
            float scale = from.getAtIndex(FLOAT, i / BLOCK);
            to.setAtIndex(FLOAT, i, numbers.get(BYTE, i) * scale);
        }
    }

    /** Walks bytes in order of significance: all lowest ones, then the next. */
    private static final class Planes {
        private final MemorySegment data;
        private final int width;
        private long plane;
        private long offset;

        Planes(MemorySegment data, int width) {
            this.data = data;
            this.width = width;
            this.offset = 0;
        }

        int read(byte[] chunk) {
            int count = 0;
            while (count < chunk.length && advance()) {
                chunk[count++] = data.get(BYTE, offset);
                offset += width;
            }
            return count;
        }

        void write(byte[] chunk, int count) {
            for (int i = 0; i < count; i++) {
                if (!advance()) {
                    throw new IllegalArgumentException("lossless: more bytes than values");
                }
                data.set(BYTE, offset, chunk[i]);
                offset += width;
            }
        }

        /** To the next plane at the end of one; false at the end of all. */
        boolean advance() {
            if (offset >= data.byteSize() && plane < width) {
                plane++;
                offset = plane;
            }
            return plane < width && offset < data.byteSize();
        }
    }

    private static Tensor deflate(MemorySegment data, int width) {
        var deflater = new Deflater(Deflater.BEST_SPEED, true);
        var shorter = bytes(data.byteSize());
        try {
            deflater.setStrategy(Deflater.HUFFMAN_ONLY);
            var planes = new Planes(data, width);
            var in = new byte[CHUNK];
            var out = new byte[CHUNK];
            long written = 0;
            while (!deflater.finished()) {
                if (deflater.needsInput()) {
                    int count = planes.read(in);
                    deflater.setInput(in, 0, count);
                    if (!planes.advance()) {
                        deflater.finish();
                    }
                }
                int count = deflater.deflate(out);
                if (written + count >= data.byteSize()) {
                    return bytes(0);
                }
                MemorySegment.copy(out, 0, shorter.data(), BYTE, written, count);
                written += count;
            }
            var exact = bytes(written);
            exact.data().copyFrom(shorter.data().asSlice(0, written));
            return exact;
        } finally {
            shorter.close();
            deflater.end();
        }
    }

    private static void inflate(MemorySegment encoded, MemorySegment data, int width) {
        var inflater = new Inflater(true);
        try {
            inflater.setInput(encoded.asByteBuffer());
            var planes = new Planes(data, width);
            var out = new byte[CHUNK];
            while (!inflater.finished()) {
                int count = inflater.inflate(out);
                if (count == 0 && !inflater.finished()) {
                    throw new IllegalArgumentException("lossless: the bytes end too early");
                }
                planes.write(out, count);
            }
            if (planes.advance() || inflater.getRemaining() > 0) {
                throw new IllegalArgumentException(
                        "lossless: fewer values than announced, or bytes behind them");
            }
        } catch (DataFormatException malformed) {
            throw new IllegalArgumentException("lossless: " + malformed.getMessage(), malformed);
        } finally {
            inflater.end();
        }
    }
}
