package tensorlink.compute.tensor;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** An element type. Names in files and on the wire are these constants' names. */
public enum DType {
    F64(8),
    F32(4),
    F16(2),
    BF16(2),
    I64(8),
    I32(4),
    I16(2),
    I8(1),
    U8(1),
    BOOL(1);

    private static final ValueLayout.OfShort HALF =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final int bytes;

    DType(int bytes) {
        this.bytes = bytes;
    }

    /** The size of one element. */
    public int bytes() {
        return bytes;
    }

    /** Whether every value is also an F32 value, in fewer bytes. */
    public boolean widens() {
        return this == F16 || this == BF16;
    }

    /**
     * Writes values of this type, which {@link #widens}, as F32.
     *
     * @param narrow values of this type
     * @param wide room for as many F32 values
     */
    public void widen(MemorySegment narrow, MemorySegment wide) {
        if (!widens()) {
            throw new IllegalStateException(this + " does not widen");
        }
        long count = narrow.byteSize() / bytes;
        for (long i = 0; i < count; i++) {
            short bits = narrow.getAtIndex(HALF, i);
            wide.setAtIndex(
                    FLOAT,
                    i,
                    this == F16 ? Float.float16ToFloat(bits) : Float.intBitsToFloat(bits << 16));
        }
    }
}
