package tensorlink.p2p.peer;

import com.google.protobuf.ByteString;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.bouncycastle.math.ec.rfc8032.Ed25519;
import org.jspecify.annotations.Nullable;

/**
 * RFC 8032.
 *
 * @param raw 32 bytes
 */
record Ed25519PublicKey(ByteString raw) implements PublicKey {
    private static final int POINTS_MAX = 4_096;

    /**
     * The points of keys seen lately. To find a key's takes a fifth of a verification, and most
     * signatures are by few; whoever shows many keys costs others this fifth.
     */
    private static final Map<ByteString, Ed25519.PublicPoint> POINTS = new ConcurrentHashMap<>();

    Ed25519PublicKey {
        if (raw.size() != Ed25519.PUBLIC_KEY_SIZE) {
            throw new IllegalArgumentException(
                    "Ed25519 public key of " + raw.size() + " bytes instead of 32");
        }
    }

    @Override
    public KeyType type() {
        return KeyType.ED25519;
    }

    @Override
    public boolean verify(ByteString message, ByteString signature) {
        var point = point();
        return point != null
                && signature.size() == Ed25519.SIGNATURE_SIZE
                && Ed25519.verify(
                        signature.toByteArray(),
                        0,
                        point,
                        message.toByteArray(),
                        0,
                        message.size());
    }

    /** Null when there is none with these coordinates. */
    private Ed25519.@Nullable PublicPoint point() {
        var known = POINTS.get(raw);
        if (known != null) {
            return known;
        }
        var found = Ed25519.validatePublicKeyPartialExport(raw.toByteArray(), 0);
        if (found != null) {
            if (POINTS.size() >= POINTS_MAX) {
                POINTS.clear();
            }
            POINTS.put(raw, found);
        }
        return found;
    }
}
