package tensorlink.p2p.security;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import tensorlink.p2p.core.ProtocolViolation;
import tensorlink.p2p.der.Der;
import tensorlink.p2p.der.DerReader;
import tensorlink.p2p.der.DerTag;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.KeyType;

class PeerCertificateTest {
    private static final Instant NOW = Instant.parse("2026-06-01T00:00:00Z");

    /** The vectors of the TLS specification; valid from 1975 to 4096. */
    @ParameterizedTest
    @CsvSource({
        "ed25519, 12D3KooWM6CgA9iBFZmcYAHA6A2qvbAxqfkmrYiRQuz3XEsk4Ksv",
        "ecdsa, QmfXbAwNjJLXfesgztEHe8HwgVDCMMpZ9Eax1HYq6hn9uE",
        "secp256k1, 16Uiu2HAkutTMoTzDw1tCvSRtu6YoixJwS46S1ZFxW8hSx9fWHiPs"
    })
    void the_vectors_of_the_specification_prove_their_peers(String name, String peer)
            throws Exception {
        var certificate = PeerCertificate.parse(vector(name));

        certificate.verify(NOW);
        assertThat(certificate.identity().peerId()).hasToString(peer);
        assertThat(certificate.notBefore()).isEqualTo("1975-01-01T13:00:00Z");
        assertThat(certificate.notAfter()).isEqualTo("4096-01-01T13:00:00Z");
    }

    @Test
    void the_invalid_vector_of_the_specification_proves_nobody() throws Exception {
        var certificate = PeerCertificate.parse(vector("invalid"));

        assertThatThrownBy(() -> certificate.verify(NOW))
                .isInstanceOf(ProtocolViolation.class)
                .hasMessageContaining("key is not signed by");
    }

    @ParameterizedTest
    @ValueSource(strings = {"ed25519", "ecdsa", "secp256k1"})
    void a_certificate_with_any_byte_changed_or_cut_off_proves_nobody_else(String name)
            throws Exception {
        var whole = vector(name);
        var identity = PeerCertificate.parse(whole).identity();

        for (int i = 0; i < whole.size(); i++) {
            var cut = whole.substring(0, i);
            assertThatThrownBy(() -> PeerCertificate.parse(cut))
                    .as("first %d bytes", i)
                    .isInstanceOf(ProtocolViolation.class);
            var changed = whole.toByteArray();
            changed[i] ^= 1;
            try {
                var certificate = PeerCertificate.parse(ByteString.copyFrom(changed));
                certificate.verify(NOW);
                assertThat(certificate.identity()).as("byte %d changed", i).isEqualTo(identity);
            } catch (ProtocolViolation expected) {
                assertThat(expected).hasMessageContaining("TLS certificate");
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = "RSA", mode = EnumSource.Mode.EXCLUDE)
    void ours_proves_us_whatever_our_key(KeyType type) throws Exception {
        var identity = KeyPair.generate(type);

        var ours = own(identity, NOW);

        ours.verify(NOW);
        assertThat(ours.identity()).isEqualTo(identity.publicKey());
    }

    @Test
    void it_is_valid_from_an_hour_ago_for_ten_years_and_not_a_second_longer() throws Exception {
        var ours = own(KeyPair.generate(), NOW);
        var start = NOW.minus(Duration.ofHours(1));
        var end = NOW.plus(Duration.ofDays(3650));

        assertThatCode(() -> ours.verify(start)).doesNotThrowAnyException();
        assertThatCode(() -> ours.verify(end)).doesNotThrowAnyException();
        assertThatThrownBy(() -> ours.verify(start.minusSeconds(1))).hasMessageContaining("valid");
        assertThatThrownBy(() -> ours.verify(end.plusSeconds(1))).hasMessageContaining("valid");
    }

    @Test
    void its_years_are_written_long_from_2050_on() throws Exception {
        var late = Instant.parse("2045-06-01T00:00:00Z");

        var ours = own(KeyPair.generate(), late);

        assertThat(ours.notBefore()).isEqualTo("2045-05-31T23:00:00Z");
        assertThat(ours.notAfter()).isEqualTo(late.plus(Duration.ofDays(3650)));
    }

    @Test
    void the_longest_certificate_is_read_and_a_longer_one_is_not() {
        var longest = ByteString.copyFrom(new byte[PeerCertificate.BYTES_MAX]);
        var longer = ByteString.copyFrom(new byte[PeerCertificate.BYTES_MAX + 1]);

        assertThatThrownBy(() -> PeerCertificate.parse(longest)).hasMessageContaining("DER");
        assertThatThrownBy(() -> PeerCertificate.parse(longer)).hasMessageContaining("limit 8192");
    }

    @Test
    void another_critical_extension_is_refused_and_one_that_is_not_is_passed_over()
            throws Exception {
        var name = Der.of(DerTag.OBJECT_IDENTIFIER, hex("551d13"));
        var critical = Der.of(DerTag.BOOLEAN, hex("ff"));
        var value = Der.of(DerTag.OCTET_STRING, hex("3000"));

        var harmless = withExtension(Der.sequence(name, value));

        assertThat(PeerCertificate.parse(harmless).identity()).isNotNull();
        assertThatThrownBy(() ->
                        PeerCertificate.parse(withExtension(Der.sequence(name, critical, value))))
                .hasMessageContaining("critical extension");
    }

    @Test
    void the_extension_must_be_there_once() {
        assertThatThrownBy(() -> PeerCertificate.parse(withoutExtensions()))
                .hasMessageContaining("no extension of libp2p");
        assertThatThrownBy(() -> PeerCertificate.parse(withExtension(ourExtension())))
                .hasMessageContaining("twice");
    }

    private static PeerCertificate own(KeyPair identity, Instant now) throws Exception {
        var der = OwnCertificate.of(identity, now).certificate().getEncoded();
        return PeerCertificate.parse(ByteString.copyFrom(der));
    }

    /** A vector with one more extension; its own signature is broken by that. */
    private static ByteString withExtension(ByteString added) throws IOException {
        return rebuild(Der.sequence(ourExtension(), added));
    }

    private static ByteString withoutExtensions() throws IOException {
        return rebuild(Der.sequence());
    }

    private static ByteString ourExtension() throws IOException {
        var fields = fields();
        skip(fields);
        return new DerReader(fields.content(DerTag.CONTEXT_3)).content(DerTag.SEQUENCE);
    }

    private static ByteString rebuild(ByteString extensions) throws IOException {
        var certificate = new DerReader(vector("ed25519")).sequence();
        var fields = new DerReader(certificate.element(DerTag.SEQUENCE)).sequence();
        var content = Der.sequence(skip(fields), Der.of(DerTag.CONTEXT_3, extensions));
        return Der.sequence(
                content,
                certificate.element(DerTag.SEQUENCE),
                certificate.element(DerTag.BIT_STRING));
    }

    private static DerReader fields() throws IOException {
        return new DerReader(vector("ed25519")).sequence().sequence();
    }

    /** Everything before the extensions. */
    private static ByteString skip(DerReader fields) {
        return fields.element(DerTag.CONTEXT_0)
                .concat(fields.element(DerTag.INTEGER))
                .concat(fields.element(DerTag.SEQUENCE))
                .concat(fields.element(DerTag.SEQUENCE))
                .concat(fields.element(DerTag.SEQUENCE))
                .concat(fields.element(DerTag.SEQUENCE))
                .concat(fields.element(DerTag.SEQUENCE));
    }

    private static ByteString vector(String name) throws IOException {
        try (var in = PeerCertificateTest.class.getResourceAsStream("/tls/" + name + ".hex")) {
            return hex(new String(in.readAllBytes(), StandardCharsets.US_ASCII).strip());
        }
    }

    private static ByteString hex(String text) {
        return ByteString.copyFrom(HexFormat.of().parseHex(text));
    }
}
