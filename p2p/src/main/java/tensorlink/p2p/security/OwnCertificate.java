package tensorlink.p2p.security;

import com.google.protobuf.ByteString;
import java.io.ByteArrayInputStream;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.HexFormat;
import tensorlink.p2p.der.Der;
import tensorlink.p2p.der.DerTag;
import tensorlink.p2p.peer.KeyPair;

/**
 * The certificate that we show, with its key: made once per process and never stored. It has a name
 * that says nothing, because strict implementations refuse an empty one, and no extension but
 * libp2p's, because others refuse critical ones.
 *
 * @param certificate as {@link PeerCertificate} reads it
 */
public record OwnCertificate(PrivateKey key, X509Certificate certificate) {
    /** Clocks differ. */
    private static final Duration BACKDATED = Duration.ofHours(1);

    private static final Duration LIFETIME = Duration.ofDays(3650);
    private static final int SERIAL_BITS = 64;

    /** From this year on times have four digits for it. */
    private static final int GENERALIZED_FROM = 2050;

    /** The common name "libp2p". */
    private static final ByteString NAME =
            ByteString.copyFrom(HexFormat.of().parseHex("3011310f300d06035504030c066c6962703270"));

    private static final DateTimeFormatter UTC_TIME =
            DateTimeFormatter.ofPattern("yyMMddHHmmss'Z'");
    private static final DateTimeFormatter GENERALIZED_TIME =
            DateTimeFormatter.ofPattern("uuuuMMddHHmmss'Z'");

    /** Makes one in which {@code identity} vouches for a new key. */
    public static OwnCertificate of(KeyPair identity, Instant now) {
        try {
            var generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(new ECGenParameterSpec("secp256r1"));
            var pair = generator.generateKeyPair();
            var key = ByteString.copyFrom(pair.getPublic().getEncoded());
            var content = content(identity, key, now);
            var signer = Signature.getInstance("SHA256withECDSA");
            signer.initSign(pair.getPrivate());
            signer.update(content.toByteArray());
            var der =
                    Der.sequence(
                            content,
                            Der.sequence(PeerCertificate.ECDSA_SHA256),
                            Der.bits(ByteString.copyFrom(signer.sign())));
            var parsed =
                    CertificateFactory.getInstance("X.509")
                            .generateCertificate(new ByteArrayInputStream(der.toByteArray()));
            return new OwnCertificate(pair.getPrivate(), (X509Certificate) parsed);
        } catch (GeneralSecurityException missing) {
            throw new IllegalStateException("this JDK has no ECDSA on P-256", missing);
        }
    }

    private static ByteString content(KeyPair identity, ByteString key, Instant now) {
        var proof =
                Der.sequence(
                        Der.of(DerTag.OCTET_STRING, identity.publicKey().encode()),
                        Der.of(
                                DerTag.OCTET_STRING,
                                identity.sign(PeerCertificate.PREFIX.concat(key))));
        var extension =
                Der.sequence(
                        Der.of(DerTag.OBJECT_IDENTIFIER, PeerCertificate.EXTENSION),
                        Der.of(DerTag.OCTET_STRING, proof));
        return Der.sequence(
                Der.of(DerTag.CONTEXT_0, Der.unsigned(BigInteger.TWO)),
                Der.unsigned(new BigInteger(SERIAL_BITS, new SecureRandom()).setBit(0)),
                Der.sequence(PeerCertificate.ECDSA_SHA256),
                NAME,
                Der.sequence(time(now.minus(BACKDATED)), time(now.plus(LIFETIME))),
                NAME,
                key,
                Der.of(DerTag.CONTEXT_3, Der.sequence(extension)));
    }

    private static ByteString time(Instant instant) {
        var time = instant.atZone(ZoneOffset.UTC);
        return time.getYear() < GENERALIZED_FROM
                ? Der.of(DerTag.UTC_TIME, ByteString.copyFromUtf8(UTC_TIME.format(time)))
                : Der.of(
                        DerTag.GENERALIZED_TIME,
                        ByteString.copyFromUtf8(GENERALIZED_TIME.format(time)));
    }
}
