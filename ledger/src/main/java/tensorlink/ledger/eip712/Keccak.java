package tensorlink.ledger.eip712;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import org.bouncycastle.crypto.digests.KeccakDigest;

/** Keccak-256 as Ethereum uses it: the padding of the competition, not of FIPS 202. */
public final class Keccak {
    public static final int BYTES = 32;

    private Keccak() {}

    /** The hash of the concatenated {@code parts}. */
    public static ByteString hash(ByteString... parts) {
        var keccak = new KeccakDigest(8 * BYTES);
        for (var part : parts) {
            keccak.update(part.toByteArray(), 0, part.size());
        }
        var hash = new byte[BYTES];
        keccak.doFinal(hash, 0);
        return UnsafeByteOperations.unsafeWrap(hash);
    }
}
