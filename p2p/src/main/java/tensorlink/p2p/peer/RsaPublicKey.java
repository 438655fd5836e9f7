package tensorlink.p2p.peer;

import com.google.protobuf.ByteString;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.Signature;
import java.security.SignatureException;
import java.security.spec.RSAPublicKeySpec;
import java.util.HexFormat;
import tensorlink.p2p.der.DerReader;
import tensorlink.p2p.der.DerTag;

/**
 * RSA with PKCS#1 v1.5 over SHA-256. The sizes are bounded because verifying costs the square of
 * the modulus.
 *
 * @param raw DER SubjectPublicKeyInfo
 */
record RsaPublicKey(ByteString raw) implements PublicKey {
    static final int BYTES_MAX = 1100;

    private static final int MODULUS_BITS_MIN = 2048;
    private static final int MODULUS_BITS_MAX = 8192;
    private static final int EXPONENT_BITS_MAX = 31;

    /** The object identifier of rsaEncryption with its NULL parameters. */
    private static final ByteString ALGORITHM =
            ByteString.copyFrom(HexFormat.of().parseHex("06092a864886f70d0101010500"));

    RsaPublicKey {
        var _ = parse(raw);
    }

    private static RSAPublicKeySpec parse(ByteString raw) {
        if (raw.size() > BYTES_MAX) {
            throw new IllegalArgumentException(
                    "RSA public key of " + raw.size() + " bytes, limit " + BYTES_MAX);
        }
        var outer = new DerReader(raw);
        var info = outer.sequence();
        outer.end();
        if (!info.content(DerTag.SEQUENCE).equals(ALGORITHM)) {
            throw new IllegalArgumentException("RSA public key with another algorithm inside");
        }
        var bits = new DerReader(info.bits());
        info.end();
        var numbers = bits.sequence();
        bits.end();
        var modulus = numbers.unsigned();
        var exponent = numbers.unsigned();
        numbers.end();
        check(modulus, exponent);
        return new RSAPublicKeySpec(modulus, exponent);
    }

    private static void check(BigInteger modulus, BigInteger exponent) {
        if (modulus.bitLength() < MODULUS_BITS_MIN || modulus.bitLength() > MODULUS_BITS_MAX) {
            throw new IllegalArgumentException(
                    "RSA modulus of "
                            + modulus.bitLength()
                            + " bits, expected "
                            + MODULUS_BITS_MIN
                            + " to "
                            + MODULUS_BITS_MAX);
        }
        if (exponent.bitLength() > EXPONENT_BITS_MAX
                || exponent.bitLength() < 2
                || !exponent.testBit(0)
                || !modulus.testBit(0)) {
            throw new IllegalArgumentException(
                    "RSA exponent of "
                            + exponent.bitLength()
                            + " bits, expected an odd one of 2 to "
                            + EXPONENT_BITS_MAX
                            + " and an odd modulus");
        }
    }

    @Override
    public KeyType type() {
        return KeyType.RSA;
    }

    @Override
    public boolean verify(ByteString message, ByteString signature) {
        if (signature.size() > MODULUS_BITS_MAX / 8) {
            return false;
        }
        try {
            var verifier = Signature.getInstance("SHA256withRSA");
            verifier.initVerify(KeyFactory.getInstance("RSA").generatePublic(parse(raw)));
            verifier.update(message.asReadOnlyByteBuffer());
            return verifier.verify(signature.toByteArray());
        } catch (SignatureException otherLength) {
            return false;
        } catch (GeneralSecurityException missing) {
            throw new IllegalStateException("this JDK has no SHA256withRSA", missing);
        }
    }
}
