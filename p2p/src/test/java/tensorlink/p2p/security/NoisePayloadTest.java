package tensorlink.p2p.security;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnknownFieldSet;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import tensorlink.p2p.core.ProtocolViolation;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.KeyType;
import tensorlink.p2p.wire.NoiseHandshakePayload;

class NoisePayloadTest {
    private final KeyPair identity = KeyPair.generate();
    private final byte[] staticKey = new byte[32];

    @ParameterizedTest
    @EnumSource(names = "RSA", mode = EnumSource.Mode.EXCLUDE)
    void opens_with_identity_of_any_kind_and_muxers(KeyType type) throws ProtocolViolation {
        var identity = KeyPair.generate(type);
        var sealed = NoisePayload.seal(identity, staticKey, List.of("/a", "/b"));

        var opened = NoisePayload.open(sealed.toByteArray(), staticKey);

        assertThat(opened.identity()).isEqualTo(identity.publicKey());
        assertThat(opened.muxers()).containsExactly("/a", "/b");
    }

    @Test
    void is_worthless_for_another_static_key() {
        var sealed = NoisePayload.seal(identity, staticKey, List.of());
        var other = new byte[32];
        other[0] = 1;

        assertThatThrownBy(() -> NoisePayload.open(sealed.toByteArray(), other))
                .isInstanceOf(ProtocolViolation.class)
                .hasMessageContaining("not signed by");
    }

    @Test
    void without_a_signature_or_with_a_foreign_one_proves_nothing() throws Exception {
        var sealed =
                NoiseHandshakePayload.parseFrom(NoisePayload.seal(identity, staticKey, List.of()));
        var unsigned = sealed.toBuilder().clearIdentitySig().build();
        var foreign =
                sealed.toBuilder().setIdentityKey(KeyPair.generate().publicKey().encode()).build();

        assertThatThrownBy(() -> NoisePayload.open(unsigned.toByteArray(), staticKey))
                .isInstanceOf(ProtocolViolation.class);
        assertThatThrownBy(() -> NoisePayload.open(foreign.toByteArray(), staticKey))
                .isInstanceOf(ProtocolViolation.class);
    }

    @ParameterizedTest
    @CsvSource({
        "'', canonical",
        "0a, Noise payload",
        "0aff, Noise payload",
        "0a020863, canonical",
        "0a0408631220, unknown type 99",
        "0a0608001202aabb, DER"
    })
    void refuses_malformed_payloads_and_other_keys(String hex, String reason) {
        var bytes = HexFormat.of().parseHex(hex);

        assertThatThrownBy(() -> NoisePayload.open(bytes, staticKey))
                .isInstanceOf(ProtocolViolation.class)
                .hasMessageContaining(reason);
    }

    @Test
    void refuses_more_muxers_than_anybody_has() throws ProtocolViolation {
        var most = NoisePayload.seal(identity, staticKey, Collections.nCopies(32, "/a"));
        var tooMany = NoisePayload.seal(identity, staticKey, Collections.nCopies(33, "/a"));

        assertThat(NoisePayload.open(most.toByteArray(), staticKey).muxers()).hasSize(32);
        assertThatThrownBy(() -> NoisePayload.open(tooMany.toByteArray(), staticKey))
                .isInstanceOf(ProtocolViolation.class)
                .hasMessageContaining("limit 32");
    }

    @Test
    void ignores_fields_it_does_not_know_like_the_old_data_field() throws Exception {
        var unknown = UnknownFieldSet.newBuilder();
        for (int i = 0; i < 500; i++) {
            unknown.mergeVarintField(3 + 97 * (i % 7), i);
        }
        var sealed =
                NoiseHandshakePayload.parseFrom(NoisePayload.seal(identity, staticKey, List.of()))
                        .toBuilder()
                        .setUnknownFields(unknown.build())
                        .build();

        assertThat(NoisePayload.open(sealed.toByteArray(), staticKey).identity())
                .isEqualTo(identity.publicKey());
    }

    @Test
    void arbitrary_bytes_are_a_violation_and_nothing_else() {
        var random = new Random(9);
        for (int i = 0; i < 5000; i++) {
            var bytes = new byte[random.nextInt(200)];
            random.nextBytes(bytes);
            assertThatThrownBy(() -> NoisePayload.open(bytes, staticKey))
                    .as("seed 9, case %d: %s", i, ByteString.copyFrom(bytes))
                    .isInstanceOf(ProtocolViolation.class);
        }
    }
}
