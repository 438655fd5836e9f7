package tensorlink.p2p.security;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.southernstorm.noise.protocol.CipherStatePair;
import com.southernstorm.noise.protocol.HandshakeState;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tensorlink.p2p.core.Connection.Direction;
import tensorlink.p2p.core.ProtocolViolation;

class NoiseHandshakeTest {
    private static final SecureRandom RANDOM = new SecureRandom();
    private static final byte[] SECOND_PAYLOAD = "second".getBytes(StandardCharsets.UTF_8);
    private static final byte[] THIRD_PAYLOAD = "third".getBytes(StandardCharsets.UTF_8);

    @Test
    void both_sides_end_with_the_same_ciphers_and_know_each_others_static_key() throws Exception {
        var initiatorKey = DhKeyPair.generate(RANDOM);
        var responderKey = DhKeyPair.generate(RANDOM);
        var initiator = handshake(Direction.OUTBOUND, initiatorKey);
        var responder = handshake(Direction.INBOUND, responderKey);

        responder.readFirst(initiator.writeFirst());
        assertThat(initiator.readSecond(responder.writeSecond(SECOND_PAYLOAD)))
                .isEqualTo(SECOND_PAYLOAD);
        assertThat(responder.readThird(initiator.writeThird(THIRD_PAYLOAD)))
                .isEqualTo(THIRD_PAYLOAD);

        assertThat(initiator.remoteStatic()).isEqualTo(responderKey.publicKey());
        assertThat(responder.remoteStatic()).isEqualTo(initiatorKey.publicKey());
        var bytes = new byte[100 + CipherState.TAG_BYTES];
        initiator.split().initiator().encrypt(bytes, 0, 100);
        assertThat(responder.split().initiator().decrypt(bytes, 0, bytes.length)).isEqualTo(100);
        assertThat(bytes).startsWith(new byte[100]);
    }

    /** A second opinion: every message and both ciphers agree with noise-java byte for byte. */
    @Test
    void speaks_as_another_implementation_does_from_either_side() throws Exception {
        var random = new Random(3);
        for (int round = 0; round < 20; round++) {
            var secrets = new byte[4][32];
            for (var secret : secrets) {
                random.nextBytes(secret);
            }
            var theirInitiator = theirs(HandshakeState.INITIATOR, secrets[0], secrets[1]);
            var theirResponder = theirs(HandshakeState.RESPONDER, secrets[2], secrets[3]);
            var ourInitiator = ours(Direction.OUTBOUND, secrets[0], secrets[1]);
            var ourResponder = ours(Direction.INBOUND, secrets[2], secrets[3]);

            var first = write(theirInitiator, new byte[0]);
            assertThat(ourInitiator.writeFirst()).isEqualTo(first);
            read(theirResponder, first);
            ourResponder.readFirst(first);
            var second = write(theirResponder, SECOND_PAYLOAD);
            assertThat(ourResponder.writeSecond(SECOND_PAYLOAD)).isEqualTo(second);
            assertThat(read(theirInitiator, second))
                    .isEqualTo(ourInitiator.readSecond(second))
                    .isEqualTo(SECOND_PAYLOAD);
            var third = write(theirInitiator, THIRD_PAYLOAD);
            assertThat(ourInitiator.writeThird(THIRD_PAYLOAD)).isEqualTo(third);
            assertThat(read(theirResponder, third))
                    .isEqualTo(ourResponder.readThird(third))
                    .isEqualTo(THIRD_PAYLOAD);

            var theirs = theirInitiator.split();
            var ours = ourResponder.split();
            for (int length : new int[] {0, 1, 63, 64, 65, 1000, 65_519}) {
                assertThat(ourCiphertext(ours.initiator(), length))
                        .as("seed 3, round %d, length %d", round, length)
                        .isEqualTo(theirCiphertext(theirs, length));
            }
        }
    }

    @Test
    void a_changed_bit_anywhere_in_the_second_or_third_message_ends_the_handshake()
            throws Exception {
        var staticKey = DhKeyPair.generate(RANDOM);
        int length = 32 + 48 + SECOND_PAYLOAD.length + 16;
        for (int at = 0; at < length; at++) {
            var initiator = handshake(Direction.OUTBOUND, staticKey);
            var responder = handshake(Direction.INBOUND, staticKey);
            responder.readFirst(initiator.writeFirst());
            var second = responder.writeSecond(SECOND_PAYLOAD);
            second[at] ^= 1;
            assertThatThrownBy(() -> initiator.readSecond(second))
                    .as("byte %d", at)
                    .isInstanceOf(ProtocolViolation.class);
        }
        for (int at = 0; at < 48 + THIRD_PAYLOAD.length + 16; at++) {
            var initiator = handshake(Direction.OUTBOUND, staticKey);
            var responder = handshake(Direction.INBOUND, staticKey);
            responder.readFirst(initiator.writeFirst());
            initiator.readSecond(responder.writeSecond(SECOND_PAYLOAD));
            var third = initiator.writeThird(THIRD_PAYLOAD);
            third[at] ^= 1;
            assertThatThrownBy(() -> responder.readThird(third))
                    .as("byte %d", at)
                    .isInstanceOf(ProtocolViolation.class);
        }
    }

    @Test
    void a_message_cut_off_anywhere_ends_the_handshake() throws Exception {
        var staticKey = DhKeyPair.generate(RANDOM);
        var whole = 32 + 48 + SECOND_PAYLOAD.length + 16;
        for (int length = 0; length < whole; length++) {
            var initiator = handshake(Direction.OUTBOUND, staticKey);
            var responder = handshake(Direction.INBOUND, staticKey);
            responder.readFirst(initiator.writeFirst());
            var second = Arrays.copyOf(responder.writeSecond(SECOND_PAYLOAD), length);
            assertThatThrownBy(() -> initiator.readSecond(second))
                    .as("first %d bytes", length)
                    .isInstanceOf(ProtocolViolation.class);
        }
    }

    @Test
    void the_second_message_replayed_as_the_third_is_refused() throws Exception {
        var initiator = handshake(Direction.OUTBOUND, DhKeyPair.generate(RANDOM));
        var responder = handshake(Direction.INBOUND, DhKeyPair.generate(RANDOM));
        responder.readFirst(initiator.writeFirst());
        var second = responder.writeSecond(SECOND_PAYLOAD);

        assertThatThrownBy(() -> responder.readThird(second))
                .isInstanceOf(ProtocolViolation.class)
                .hasMessageContaining("not authentic");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 31, 33, 100})
    void the_first_message_is_one_key_and_nothing_else(int length) {
        var responder = handshake(Direction.INBOUND, DhKeyPair.generate(RANDOM));

        assertThatThrownBy(() -> responder.readFirst(new byte[length]))
                .isInstanceOf(ProtocolViolation.class)
                .hasMessageContaining("instead of 32");
    }

    /** RFC 7748, section 6.1: such keys contribute nothing, the result is zero. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "0000000000000000000000000000000000000000000000000000000000000000",
                "0100000000000000000000000000000000000000000000000000000000000000",
                "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
                "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
                "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"
            })
    void a_key_of_low_order_ends_the_handshake(String hex) throws Exception {
        var key = HexFormat.of().parseHex(hex);
        var responder = handshake(Direction.INBOUND, DhKeyPair.generate(RANDOM));
        responder.readFirst(key);
        var initiator = handshake(Direction.OUTBOUND, DhKeyPair.generate(RANDOM));
        initiator.writeFirst();

        assertThatThrownBy(() -> responder.writeSecond(SECOND_PAYLOAD))
                .isInstanceOf(ProtocolViolation.class)
                .hasMessageContaining("low order");
        assertThatThrownBy(() -> initiator.readSecond(Arrays.copyOf(key, 200)))
                .isInstanceOf(ProtocolViolation.class)
                .hasMessageContaining("low order");
    }

    @Test
    void a_channel_ends_before_its_nonce_repeats() throws Exception {
        var sending = new CipherState(new byte[32], -2);
        var receiving = new CipherState(new byte[32], -2);
        var bytes = new byte[CipherState.TAG_BYTES + 1];

        sending.encrypt(bytes, 0, 1);
        assertThat(receiving.decrypt(bytes, 0, bytes.length)).isEqualTo(1);

        assertThatThrownBy(() -> sending.encrypt(bytes, 0, 1))
                .isInstanceOf(ProtocolViolation.class)
                .hasMessageContaining("used up its nonces");
        assertThatThrownBy(() -> receiving.decrypt(bytes, 0, bytes.length))
                .hasMessageContaining("used up its nonces");
    }

    private static NoiseHandshake handshake(Direction direction, DhKeyPair staticKey) {
        return new NoiseHandshake(direction, staticKey, DhKeyPair.generate(RANDOM));
    }

    private static NoiseHandshake ours(Direction direction, byte[] staticKey, byte[] ephemeral) {
        return new NoiseHandshake(
                direction, DhKeyPair.ofSecret(staticKey), DhKeyPair.ofSecret(ephemeral));
    }

    private static HandshakeState theirs(int role, byte[] staticKey, byte[] ephemeral)
            throws Exception {
        var state = new HandshakeState("Noise_XX_25519_ChaChaPoly_SHA256", role);
        state.getLocalKeyPair().setPrivateKey(staticKey, 0);
        state.getFixedEphemeralKey().setPrivateKey(ephemeral, 0);
        state.start();
        return state;
    }

    private static byte[] write(HandshakeState state, byte[] payload) throws Exception {
        var message = new byte[1000];
        return Arrays.copyOf(message, state.writeMessage(message, 0, payload, 0, payload.length));
    }

    private static byte[] read(HandshakeState state, byte[] message) throws Exception {
        var payload = new byte[1000];
        return Arrays.copyOf(payload, state.readMessage(message, 0, message.length, payload, 0));
    }

    private static byte[] ourCiphertext(CipherState cipher, int length) throws Exception {
        var bytes = new byte[length + CipherState.TAG_BYTES];
        cipher.encrypt(bytes, 0, length);
        return bytes;
    }

    private static byte[] theirCiphertext(CipherStatePair pair, int length) throws Exception {
        var bytes = new byte[length + CipherState.TAG_BYTES];
        pair.getSender().encryptWithAd(new byte[0], bytes, 0, bytes, 0, length);
        return bytes;
    }
}
