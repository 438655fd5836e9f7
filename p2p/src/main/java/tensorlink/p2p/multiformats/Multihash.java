package tensorlink.p2p.multiformats;

import com.google.protobuf.ByteString;

/**
 * A digest that says which hash made it: {@code varint code, varint length, digest}. Of the many
 * codes libp2p names peers with two, and those are the ones understood here.
 *
 * @param code {@link #IDENTITY} or {@link #SHA2_256}
 * @param digest at most {@link #IDENTITY_BYTES_MAX} bytes for identity, 32 for SHA-256
 */
public record Multihash(long code, ByteString digest) {
    /** The "digest" is the input itself. */
    public static final long IDENTITY = 0x00;

    public static final long SHA2_256 = 0x12;

    /** Longer keys are hashed. */
    public static final int IDENTITY_BYTES_MAX = 42;

    private static final long CID_VERSION = 1;
    private static final long CODEC_LIBP2P_KEY = 0x72;
    private static final int TEXT_LENGTH_MAX = 128;

    public Multihash {
        if (code == IDENTITY) {
            if (digest.size() > IDENTITY_BYTES_MAX) {
                throw new IllegalArgumentException(
                        "identity multihash of "
                                + digest.size()
                                + " bytes, limit "
                                + IDENTITY_BYTES_MAX);
            }
        } else if (code == SHA2_256) {
            if (digest.size() != Sha256.BYTES) {
                throw new IllegalArgumentException(
                        "SHA-256 multihash of " + digest.size() + " bytes instead of 32");
            }
        } else {
            throw new IllegalArgumentException("multihash code " + code + " is neither 0 nor 18");
        }
    }

    /** What an encoded public key is called: itself when it is short, else its SHA-256. */
    public static Multihash ofKey(ByteString encoded) {
        if (encoded.size() <= IDENTITY_BYTES_MAX) {
            return new Multihash(IDENTITY, encoded);
        }
        return new Multihash(SHA2_256, Sha256.of(encoded));
    }

    /**
     * Reads a multihash that takes all of {@code bytes}.
     *
     * @throws IllegalArgumentException when it is malformed or of another code
     */
    public static Multihash decode(ByteString bytes) {
        var reader = new ByteReader(bytes);
        long code = reader.varint();
        var digest = reader.take(reader.varint());
        if (reader.remaining() > 0) {
            throw new IllegalArgumentException(
                    reader.remaining() + " bytes after the end of a multihash");
        }
        return new Multihash(code, digest);
    }

    /**
     * Reads a peer's name: the multihash in base58 ({@code 12D3KooW…}, {@code Qm…}) or a CID of
     * version 1 with codec libp2p-key in any {@link Multibase} ({@code bafz…}, {@code k51…}).
     *
     * @throws IllegalArgumentException when the text is neither
     */
    public static Multihash parsePeer(String text) {
        if (text.isEmpty() || text.length() > TEXT_LENGTH_MAX) {
            throw new IllegalArgumentException(
                    "peer id of " + text.length() + " characters, limit " + TEXT_LENGTH_MAX);
        }
        try {
            return decode(Multibase.BASE58.decode(text));
        } catch (IllegalArgumentException notBase58) {
            try {
                return ofCid(Multibase.decodePrefixed(text));
            } catch (IllegalArgumentException notCid) {
                var failure =
                        new IllegalArgumentException(
                                "\""
                                        + text
                                        + "\" is no peer id: as base58 "
                                        + notBase58.getMessage()
                                        + "; as CID "
                                        + notCid.getMessage());
                failure.addSuppressed(notBase58);
                failure.addSuppressed(notCid);
                throw failure;
            }
        }
    }

    private static Multihash ofCid(ByteString cid) {
        var reader = new ByteReader(cid);
        long version = reader.varint();
        long codec = reader.varint();
        if (version != CID_VERSION || codec != CODEC_LIBP2P_KEY) {
            throw new IllegalArgumentException(
                    "version " + version + " and codec " + codec + " instead of 1 and 114");
        }
        return decode(reader.take(reader.remaining()));
    }

    /** The CID of version 1 and codec libp2p-key for this hash, in base32. */
    public String toCid() {
        return Multibase.BASE32.encodePrefixed(
                Varint.encode(CID_VERSION)
                        .concat(Varint.encode(CODEC_LIBP2P_KEY))
                        .concat(encode()));
    }

    public ByteString encode() {
        return Varint.encode(code).concat(Varint.encode(digest.size())).concat(digest);
    }
}
