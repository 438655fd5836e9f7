package tensorlink.p2p.peer;

import com.google.protobuf.ByteString;
import java.math.BigInteger;
import java.security.SecureRandom;
import org.bouncycastle.asn1.x9.X9ECParameters;
import org.bouncycastle.crypto.digests.SHA256Digest;
import org.bouncycastle.crypto.ec.CustomNamedCurves;
import org.bouncycastle.crypto.params.ECDomainParameters;
import org.bouncycastle.crypto.params.ECPrivateKeyParameters;
import org.bouncycastle.crypto.params.ECPublicKeyParameters;
import org.bouncycastle.crypto.signers.ECDSASigner;
import org.bouncycastle.crypto.signers.HMacDSAKCalculator;
import org.bouncycastle.math.ec.ECPoint;
import org.bouncycastle.math.ec.FixedPointCombMultiplier;
import org.bouncycastle.util.BigIntegers;
import tensorlink.p2p.der.Der;
import tensorlink.p2p.der.DerReader;

/** ECDSA over SHA-256 on one of two curves, with signatures in DER. */
final class Curve {
    static final Curve SECP256K1 = new Curve("secp256k1");
    static final Curve P256 = new Curve("secp256r1");

    static final int SECRET_BYTES = 32;
    private static final int SIGNATURE_BYTES_MAX = 72;

    private final String name;
    private final ECDomainParameters domain;

    private Curve(String name) {
        this.name = name;
        X9ECParameters parameters = CustomNamedCurves.getByName(name);
        this.domain = new ECDomainParameters(parameters);
    }

    BigInteger generate(SecureRandom random) {
        return BigIntegers.createRandomInRange(
                BigInteger.ONE, domain.getN().subtract(BigInteger.ONE), random);
    }

    /**
     * Reads a private scalar.
     *
     * @throws IllegalArgumentException when it is not below the order of the curve, or zero
     */
    BigInteger secret(ByteString bytes) {
        var secret = new BigInteger(1, bytes.toByteArray());
        if (bytes.size() != SECRET_BYTES
                || secret.signum() == 0
                || secret.compareTo(domain.getN()) >= 0) {
            throw new IllegalArgumentException("private key is no scalar of " + name);
        }
        return secret;
    }

    static ByteString bytes(BigInteger secret) {
        return ByteString.copyFrom(BigIntegers.asUnsignedByteArray(SECRET_BYTES, secret));
    }

    /** The public point of {@code secret}. */
    ByteString publicPoint(BigInteger secret, boolean compressed) {
        var point = new FixedPointCombMultiplier().multiply(domain.getG(), secret);
        return ByteString.copyFrom(point.normalize().getEncoded(compressed));
    }

    /**
     * Reads a point.
     *
     * @throws IllegalArgumentException when it is not on the curve, or infinity
     */
    ECPoint point(ByteString encoded) {
        try {
            return domain.validatePublicPoint(domain.getCurve().decodePoint(encoded.toByteArray()));
        } catch (IllegalArgumentException elsewhere) {
            throw new IllegalArgumentException(
                    "public key is no point of " + name + ": " + elsewhere.getMessage(), elsewhere);
        }
    }

    /** Signs by RFC 6979, the same every time, with the lower of the two possible {@code s}. */
    ByteString sign(BigInteger secret, ByteString message) {
        var signer = new ECDSASigner(new HMacDSAKCalculator(new SHA256Digest()));
        signer.init(true, new ECPrivateKeyParameters(secret, domain));
        var rs = signer.generateSignature(hash(message));
        var low = rs[1].min(domain.getN().subtract(rs[1]));
        return Der.sequence(Der.unsigned(rs[0]), Der.unsigned(low));
    }

    /** Either {@code s} is accepted, as elsewhere: nothing here takes a signature for a name. */
    boolean verify(ECPoint key, ByteString message, ByteString signature) {
        if (signature.size() > SIGNATURE_BYTES_MAX) {
            return false;
        }
        BigInteger r;
        BigInteger s;
        try {
            var outer = new DerReader(signature);
            var numbers = outer.sequence();
            outer.end();
            r = numbers.unsigned();
            s = numbers.unsigned();
            numbers.end();
        } catch (IllegalArgumentException malformed) {
            return false;
        }
        var verifier = new ECDSASigner();
        verifier.init(false, new ECPublicKeyParameters(key, domain));
        return verifier.verifySignature(hash(message), r, s);
    }

    private static byte[] hash(ByteString message) {
        var digest = new SHA256Digest();
        var bytes = message.toByteArray();
        digest.update(bytes, 0, bytes.length);
        var hash = new byte[digest.getDigestSize()];
        digest.doFinal(hash, 0);
        return hash;
    }
}
