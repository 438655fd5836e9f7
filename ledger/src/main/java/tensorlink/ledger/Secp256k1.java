package tensorlink.ledger;

import com.google.protobuf.ByteString;
import java.math.BigInteger;
import java.util.Optional;
import org.bouncycastle.asn1.x9.X9ECParameters;
import org.bouncycastle.crypto.digests.SHA256Digest;
import org.bouncycastle.crypto.ec.CustomNamedCurves;
import org.bouncycastle.crypto.signers.HMacDSAKCalculator;
import org.bouncycastle.math.ec.ECAlgorithms;
import org.bouncycastle.math.ec.ECPoint;
import org.bouncycastle.math.ec.FixedPointCombMultiplier;
import org.bouncycastle.util.BigIntegers;

/**
 * The curve of Ethereum keys: ECDSA with the nonce of RFC 6979 and recovery of the signer, on
 * Bouncy Castle's point arithmetic.
 *
 * <p>Signing keeps the nonce's point, whose parity is the recovery id; Bouncy Castle's own signer
 * drops it and would leave a search by two recoveries.
 */
final class Secp256k1 {
    private static final X9ECParameters CURVE = CustomNamedCurves.getByName("secp256k1");

    /** The order of the group. */
    static final BigInteger N = CURVE.getN();

    static final BigInteger HALF_N = N.shiftRight(1);

    private static final BigInteger P = CURVE.getCurve().getField().getCharacteristic();

    private Secp256k1() {}

    /** The account of the key {@code secret}, which is from 1 to n−1. */
    static Account account(BigInteger secret) {
        return account(timesG(secret));
    }

    static Signature65 sign(Bytes32 digest, BigInteger secret) {
        var e = new BigInteger(1, digest.bytes().toByteArray());
        var nonces = new HMacDSAKCalculator(new SHA256Digest());
        nonces.init(N, secret, digest.bytes().toByteArray());
        while (true) {
            var nonce = nonces.nextK();
            var point = timesG(nonce);
            var r = point.getAffineXCoord().toBigInteger();
            if (r.signum() == 0 || r.compareTo(N) >= 0) {
                continue; // one in 2^127; v could not express it
            }
            var s = BigIntegers.modOddInverse(N, nonce).multiply(e.add(secret.multiply(r))).mod(N);
            if (s.signum() != 0) {
                return Signature65.of(r, s, point.getAffineYCoord().testBitZero());
            }
        }
    }

    /** The account that signed; empty when r is no point's or the key would be infinity. */
    static Optional<Account> recover(Bytes32 digest, BigInteger r, BigInteger s, boolean odd) {
        var point = point(r, odd);
        if (point.isEmpty()) {
            return Optional.empty();
        }
        var e = new BigInteger(1, digest.bytes().toByteArray());
        var inverse = BigIntegers.modOddInverseVar(N, r);
        var key =
                ECAlgorithms.sumOfTwoMultiplies(
                                CURVE.getG(),
                                e.negate().multiply(inverse).mod(N),
                                point.get(),
                                s.multiply(inverse).mod(N))
                        .normalize();
        return key.isInfinity() ? Optional.empty() : Optional.of(account(key));
    }

    /** {@code number} in 32 bytes. */
    static ByteString word(BigInteger number) {
        return ByteString.copyFrom(BigIntegers.asUnsignedByteArray(Bytes32.SIZE, number));
    }

    /** The point with this x and parity of y, if x³+7 is a square. */
    private static Optional<ECPoint> point(BigInteger x, boolean odd) {
        var square = x.modPow(BigInteger.valueOf(3), P).add(BigInteger.valueOf(7)).mod(P);
        var root = square.modPow(P.add(BigInteger.ONE).shiftRight(2), P);
        if (!root.multiply(root).mod(P).equals(square)) {
            return Optional.empty();
        }
        var y = root.testBit(0) == odd ? root : P.subtract(root);
        return Optional.of(CURVE.getCurve().createPoint(x, y));
    }

    private static ECPoint timesG(BigInteger factor) {
        return new FixedPointCombMultiplier().multiply(CURVE.getG(), factor).normalize();
    }

    private static Account account(ECPoint key) {
        return Account.ofHashed(
                word(key.getAffineXCoord().toBigInteger())
                        .concat(word(key.getAffineYCoord().toBigInteger())));
    }
}
