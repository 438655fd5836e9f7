package tensorlink.p2p.peer;

import com.google.protobuf.ByteString;
import tensorlink.p2p.multiformats.ByteReader;
import tensorlink.p2p.multiformats.Varint;

/**
 * libp2p's Protobuf form of a key, public or private: {@code Type = 1, Data = 2}. Ids are made of
 * these bytes, so only the canonical form is read: both fields, in this order, and nothing else.
 */
record KeyMessage(KeyType type, ByteString data) {
    private static final byte TYPE_TAG = 0x08;
    private static final byte DATA_TAG = 0x12;

    /** Both tags, the type and a length of two bytes. */
    private static final int OVERHEAD_BYTES = 5;

    /**
     * Reads a key of at most {@code dataBytesMax} bytes.
     *
     * @throws IllegalArgumentException when it is longer or not in canonical form
     */
    static KeyMessage decode(ByteString encoded, int dataBytesMax) {
        if (encoded.size() > OVERHEAD_BYTES + dataBytesMax) {
            throw new IllegalArgumentException(
                    "has " + encoded.size() + " bytes, limit " + (OVERHEAD_BYTES + dataBytesMax));
        }
        if (encoded.size() < 4 || encoded.byteAt(0) != TYPE_TAG) {
            throw new IllegalArgumentException("is not in canonical form");
        }
        var type = KeyType.ofNumber(Byte.toUnsignedInt(encoded.byteAt(1)));
        if (encoded.byteAt(2) != DATA_TAG) {
            throw new IllegalArgumentException("is " + type + ", but not in canonical form");
        }
        var reader = new ByteReader(encoded.substring(3));
        long size = reader.varint();
        if (size != reader.remaining()) {
            throw new IllegalArgumentException(
                    "announces " + size + " bytes, but " + reader.remaining() + " bytes follow");
        }
        return new KeyMessage(type, reader.take(size));
    }

    ByteString encode() {
        return ByteString.copyFrom(new byte[] {TYPE_TAG, (byte) type.number(), DATA_TAG})
                .concat(Varint.encode(data.size()))
                .concat(data);
    }
}
