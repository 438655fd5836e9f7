package tensorlink.p2p.multiformats;

import com.google.protobuf.ByteString;

/** Walks over a byte string from front to back; every step checks what is left before it takes. */
public final class ByteReader {
    private final ByteString bytes;
    private int at;

    public ByteReader(ByteString bytes) {
        this.bytes = bytes;
    }

    public int remaining() {
        return bytes.size() - at;
    }

    /**
     * Takes an unsigned varint.
     *
     * @throws IllegalArgumentException when it is malformed or cut off
     */
    public long varint() {
        var decoder = new Varint.Decoder();
        while (at < bytes.size()) {
            if (decoder.accept(bytes.byteAt(at++))) {
                return decoder.value();
            }
        }
        throw new IllegalArgumentException("varint is cut off at byte " + at);
    }

    /**
     * Takes the next {@code size} bytes.
     *
     * @throws IllegalArgumentException when fewer are left
     */
    public ByteString take(long size) {
        if (size > remaining()) {
            throw new IllegalArgumentException(
                    "length " + size + ", but only " + remaining() + " bytes are left");
        }
        var taken = bytes.substring(at, at + (int) size);
        at += (int) size;
        return taken;
    }
}
