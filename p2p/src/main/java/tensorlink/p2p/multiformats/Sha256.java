package tensorlink.p2p.multiformats;

import com.google.protobuf.ByteString;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/** SHA-256 of the JDK, which every JDK has. */
public final class Sha256 {
    public static final int BYTES = 32;

    private static final MessageDigest EMPTY = first();

    private Sha256() {}

    private static MessageDigest first() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException missing) {
            throw new IllegalStateException("this JDK has no SHA-256", missing);
        }
    }

    /**
     * A digest of nothing yet, for the calling thread. It is a copy, which takes a tenth of the
     * time of asking the providers for a new one.
     */
    public static MessageDigest start() {
        try {
            return (MessageDigest) EMPTY.clone();
        } catch (CloneNotSupportedException impossible) {
            throw new IllegalStateException("the SHA-256 of this JDK has no copy", impossible);
        }
    }

    /** The {@value #BYTES} bytes that {@code content} hashes to. */
    public static ByteString of(ByteString content) {
        var digest = start();
        digest.update(content.asReadOnlyByteBuffer());
        return ByteString.copyFrom(digest.digest());
    }
}
