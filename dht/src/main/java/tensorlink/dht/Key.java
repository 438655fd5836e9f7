package tensorlink.dht;

import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;
import java.util.Comparator;
import java.util.random.RandomGenerator;
import tensorlink.p2p.multiformats.Sha256;
import tensorlink.p2p.peer.PeerId;

/**
 * Something that has a place in the key space: a peer, a record or what somebody provides.
 *
 * <p>The place is the SHA-256 of the bytes, 256 bits; the distance of two keys is the exclusive or
 * of their places, read as a number. Two keys are equal when their bytes are.
 */
public final class Key {
    public static final int BYTES_MAX = 256;

    /** How many bits a place has. */
    static final int BITS = 256;

    /** The first bytes of a multihash that holds a SHA-256 digest. */
    private static final ByteString SHA2_256 = ByteString.copyFrom(new byte[] {0x12, 0x20});

    private final ByteString bytes;

    /** The place, most significant bits first. */
    private final long first;

    private final long second;
    private final long third;
    private final long fourth;

    private Key(ByteString bytes) {
        if (bytes.isEmpty() || bytes.size() > BYTES_MAX) {
            throw new IllegalArgumentException(
                    "key of " + bytes.size() + " bytes, expected 1 to " + BYTES_MAX);
        }
        this.bytes = bytes;
        var place = Sha256.of(bytes).asReadOnlyByteBuffer();
        this.first = place.getLong();
        this.second = place.getLong();
        this.third = place.getLong();
        this.fourth = place.getLong();
    }

    /**
     * The key of a record, or the multihash of what is provided.
     *
     * @throws IllegalArgumentException when there are none or more than {@link #BYTES_MAX} bytes
     */
    public static Key of(ByteString bytes) {
        return new Key(bytes);
    }

    /** The key under which a peer itself is found. */
    public static Key of(PeerId peer) {
        return new Key(peer.multihash());
    }

    /**
     * The key of something that has a name, such as {@code /tensorlink/local/role/worker}: the
     * SHA-256 multihash of its UTF-8 bytes, fit to be provided.
     */
    public static Key named(String name) {
        return new Key(SHA2_256.concat(Sha256.of(ByteString.copyFromUtf8(name))));
    }

    /** What is hashed to give the place. */
    public ByteString bytes() {
        return bytes;
    }

    /** How many leading bits the places of both keys have in common, 0 to 256. */
    public int commonPrefix(Key other) {
        if (first != other.first) {
            return Long.numberOfLeadingZeros(first ^ other.first);
        }
        if (second != other.second) {
            return 64 + Long.numberOfLeadingZeros(second ^ other.second);
        }
        if (third != other.third) {
            return 128 + Long.numberOfLeadingZeros(third ^ other.third);
        }
        return 192 + Long.numberOfLeadingZeros(fourth ^ other.fourth);
    }

    /** Whether the places of both keys differ in {@code bit}, 0 the most significant. */
    boolean differs(Key other, int bit) {
        long difference =
                switch (bit / Long.SIZE) {
                    case 0 -> first ^ other.first;
                    case 1 -> second ^ other.second;
                    case 2 -> third ^ other.third;
                    default -> fourth ^ other.fourth;
                };
        return difference << bit < 0; // a shift counts modulo 64
    }

    /** The distance to {@code other} as a share of the whole key space, 0 to 1. */
    public double distance(Key other) {
        return ((first ^ other.first) >>> 1) * 0x1p-63;
    }

    /** Orders keys by their distance from this one, closest first. */
    public Comparator<Key> byDistance() {
        return this::compareDistances;
    }

    /** Compares the distances of two keys from this one. */
    int compareDistances(Key left, Key right) {
        if (left.first != right.first) {
            return Long.compareUnsigned(left.first ^ first, right.first ^ first);
        }
        if (left.second != right.second) {
            return Long.compareUnsigned(left.second ^ second, right.second ^ second);
        }
        if (left.third != right.third) {
            return Long.compareUnsigned(left.third ^ third, right.third ^ third);
        }
        return Long.compareUnsigned(left.fourth ^ fourth, right.fourth ^ fourth);
    }

    /**
     * A key with exactly {@code prefix} leading bits in common with this one. A place cannot be
     * turned back into bytes, so it is found by trying: 2^(prefix + 1) hashes on average.
     */
    public Key random(int prefix, RandomGenerator random) {
        var multihash = ByteBuffer.allocate(SHA2_256.size() + Sha256.BYTES);
        random.nextBytes(multihash.array());
        multihash.put(SHA2_256.toByteArray());
        var sha256 = Sha256.start();
        while (true) {
            multihash.putLong(SHA2_256.size(), random.nextLong());
            var place = ByteBuffer.wrap(sha256.digest(multihash.array()));
            // Nearly all candidates fall at their first bits, before anything is made of them.
            long difference = first ^ place.getLong();
            if (Long.numberOfLeadingZeros(difference) == Math.min(prefix, Long.SIZE)) {
                var candidate = new Key(ByteString.copyFrom(multihash.array()));
                if (commonPrefix(candidate) == prefix) {
                    return candidate;
                }
            }
        }
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Key that && bytes.equals(that.bytes);
    }

    @Override
    public int hashCode() {
        return Long.hashCode(first);
    }

    /** The first bits of the place, which tell keys apart in a log. */
    @Override
    public String toString() {
        return "Key[%016x…]".formatted(first);
    }
}
