package tensorlink.p2p.security;

import com.google.protobuf.ByteString;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.time.temporal.ChronoField;
import java.util.HexFormat;
import java.util.Optional;
import tensorlink.p2p.core.ProtocolViolation;
import tensorlink.p2p.der.DerReader;
import tensorlink.p2p.der.DerTag;
import tensorlink.p2p.peer.KeyType;
import tensorlink.p2p.peer.PublicKey;

/**
 * What a peer shows in a TLS handshake: a self-signed certificate for a key of that connection,
 * with an extension in which the identity vouches for this key.
 *
 * <p>It is read here and not by the JDK, which refuses the empty names of other implementations.
 * Names are not looked at: whoever proves the identity is the peer.
 *
 * @param identity who vouches
 * @param key of the certificate, as it stands there (DER SubjectPublicKeyInfo)
 */
record PeerCertificate(
        PublicKey identity,
        ByteString key,
        ByteString vouched,
        Instant notBefore,
        Instant notAfter,
        SelfSigned selfSigned) {
    /** Object identifier 1.3.6.1.4.1.53594.1.1. */
    static final ByteString EXTENSION = hex("2b0601040183a25a0101");

    /** What the identity signs, followed by the certificate's key. */
    static final ByteString PREFIX = ByteString.copyFromUtf8("libp2p-tls-handshake:");

    /** Ten times what is usual; RSA of the largest size fits. */
    static final int BYTES_MAX = 8192;

    static final ByteString ECDSA_SHA256 = hex("06082a8648ce3d040302");
    private static final ByteString RSA_SHA256 = hex("06092a864886f70d01010b0500");
    private static final ByteString ED25519 = hex("06032b6570");
    private static final ByteString ED25519_KEY = hex("302a300506032b6570032100");
    private static final ByteString VERSION_3 = hex("020102");
    private static final ByteString TRUE = hex("ff");

    private static final DateTimeFormatter UTC_TIME =
            new DateTimeFormatterBuilder()
                    .appendValueReduced(ChronoField.YEAR, 2, 2, 1950)
                    .appendPattern("MMddHHmmss'Z'")
                    .toFormatter();
    private static final DateTimeFormatter GENERALIZED_TIME =
            DateTimeFormatter.ofPattern("uuuuMMddHHmmss'Z'");

    /** The certificate's signature by its own key. */
    record SelfSigned(PublicKey key, ByteString content, ByteString signature) {}

    /**
     * Reads a certificate without verifying it.
     *
     * @throws ProtocolViolation when it is malformed, or no certificate as libp2p has them
     */
    static PeerCertificate parse(ByteString der) throws ProtocolViolation {
        if (der.size() > BYTES_MAX) {
            throw new ProtocolViolation(
                    "TLS certificate of " + der.size() + " bytes, limit " + BYTES_MAX);
        }
        try {
            var outer = new DerReader(der);
            var certificate = outer.sequence();
            outer.end();
            var content = certificate.element(DerTag.SEQUENCE);
            var algorithm = certificate.content(DerTag.SEQUENCE);
            var signature = certificate.bits();
            certificate.end();
            return parse(content, algorithm, signature);
        } catch (IllegalArgumentException | DateTimeException malformed) {
            throw new ProtocolViolation("TLS certificate: " + malformed.getMessage(), malformed);
        }
    }

    private static PeerCertificate parse(
            ByteString content, ByteString algorithm, ByteString signature) {
        var fields = new DerReader(content).sequence();
        if (!fields.content(DerTag.CONTEXT_0).equals(VERSION_3)) {
            throw new IllegalArgumentException("is not of version 3");
        }
        var _ = fields.content(DerTag.INTEGER);
        if (!fields.content(DerTag.SEQUENCE).equals(algorithm)) {
            throw new IllegalArgumentException("names two signature algorithms");
        }
        var _ = fields.content(DerTag.SEQUENCE);
        var validity = fields.sequence();
        var notBefore = time(validity);
        var notAfter = time(validity);
        validity.end();
        var _ = fields.content(DerTag.SEQUENCE);
        var key = fields.element(DerTag.SEQUENCE);
        var extensions = new DerReader(fields.content(DerTag.CONTEXT_3));
        fields.end();
        var proof = new DerReader(find(extensions)).sequence();
        var identity = PublicKey.decode(proof.content(DerTag.OCTET_STRING));
        var vouched = proof.content(DerTag.OCTET_STRING);
        proof.end();
        var selfSigned = new SelfSigned(key(algorithm, key), content, signature);
        return new PeerCertificate(identity, key, vouched, notBefore, notAfter, selfSigned);
    }

    private static Instant time(DerReader validity) {
        boolean isShort = validity.isNext(DerTag.UTC_TIME);
        var text =
                validity.content(isShort ? DerTag.UTC_TIME : DerTag.GENERALIZED_TIME)
                        .toStringUtf8();
        return LocalDateTime.parse(text, isShort ? UTC_TIME : GENERALIZED_TIME)
                .toInstant(ZoneOffset.UTC);
    }

    /** The value of libp2p's extension; any other must not be critical. */
    private static ByteString find(DerReader wrapper) {
        var extensions = wrapper.sequence();
        wrapper.end();
        Optional<ByteString> found = Optional.empty();
        while (extensions.hasNext()) {
            var extension = extensions.sequence();
            var name = extension.content(DerTag.OBJECT_IDENTIFIER);
            boolean isCritical =
                    extension.isNext(DerTag.BOOLEAN)
                            && extension.content(DerTag.BOOLEAN).equals(TRUE);
            var value = extension.content(DerTag.OCTET_STRING);
            extension.end();
            if (name.equals(EXTENSION)) {
                if (found.isPresent()) {
                    throw new IllegalArgumentException("has libp2p's extension twice");
                }
                found = Optional.of(value);
            } else if (isCritical) {
                throw new IllegalArgumentException(
                        "has a critical extension that is unknown here: "
                                + HexFormat.of().formatHex(name.toByteArray()));
            }
        }
        return found.orElseThrow(() -> new IllegalArgumentException("has no extension of libp2p"));
    }

    private static PublicKey key(ByteString algorithm, ByteString key) {
        if (algorithm.equals(ECDSA_SHA256)) {
            return PublicKey.of(KeyType.ECDSA, key);
        }
        if (algorithm.equals(RSA_SHA256)) {
            return PublicKey.of(KeyType.RSA, key);
        }
        if (algorithm.equals(ED25519) && key.startsWith(ED25519_KEY)) {
            return PublicKey.of(KeyType.ED25519, key.substring(ED25519_KEY.size()));
        }
        throw new IllegalArgumentException(
                "is signed by an algorithm that is unknown here: "
                        + HexFormat.of().formatHex(algorithm.toByteArray()));
    }

    /**
     * States that the certificate is valid now and proves its identity.
     *
     * @throws ProtocolViolation when it does not
     */
    void verify(Instant now) throws ProtocolViolation {
        requireCurrent(now);
        requireProof();
    }

    void requireCurrent(Instant now) throws ProtocolViolation {
        if (now.isBefore(notBefore) || now.isAfter(notAfter)) {
            throw new ProtocolViolation(
                    "TLS certificate is valid from "
                            + notBefore
                            + " to "
                            + notAfter
                            + ", but it is "
                            + now);
        }
    }

    void requireProof() throws ProtocolViolation {
        if (!selfSigned.key().verify(selfSigned.content(), selfSigned.signature())) {
            throw new ProtocolViolation("TLS certificate is not signed by its own key");
        }
        if (!identity.verify(PREFIX.concat(key), vouched)) {
            throw new ProtocolViolation(
                    "TLS certificate's key is not signed by " + identity.peerId());
        }
    }

    private static ByteString hex(String text) {
        return ByteString.copyFrom(HexFormat.of().parseHex(text));
    }
}
