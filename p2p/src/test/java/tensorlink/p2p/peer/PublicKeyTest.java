package tensorlink.p2p.peer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import java.math.BigInteger;
import java.security.KeyPairGenerator;
import java.security.Signature;
import java.security.SignatureException;
import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import tensorlink.p2p.der.Der;

class PublicKeyTest {
    private static final ByteString MESSAGE = ByteString.copyFromUtf8("hello");

    /** The vectors of the peer-id specification: private and public Protobuf forms. */
    private static final String SECP256K1_PRIVATE =
            "0802122053dadf1d5a164d6b4acdb15e24aa4c5b1d3461bdbd42abedb0a4404d56ced8fb";

    private static final String SECP256K1_PUBLIC =
            "08021221037777e994e452c21604f91de093ce415f5432f701dd8cd1a7a6fea0e630bfca99";

    private static final String ECDSA_PRIVATE =
            "08031279307702010104203e5b1fe9712e6c314942a750bd67485de3c1efe85b1bfb520ae8f9ae3dfa4a4c"
                + "a00a06082a8648ce3d030107a14403420004de3d300fa36ae0e8f5d530899d83abab44abf3161f16"
                + "2a4bc901d8e6ecda020e8b6d5f8da30525e71d6851510c098e5c47c646a597fb4dcec034e9f77c40"
                + "9e62";

    private static final String ECDSA_PUBLIC =
            "0803125b3059301306072a8648ce3d020106082a8648ce3d03010703420004de3d300fa36ae0e8f5d53089"
                + "9d83abab44abf3161f162a4bc901d8e6ecda020e8b6d5f8da30525e71d6851510c098e5c47c646a5"
                + "97fb4dcec034e9f77c409e62";

    @ParameterizedTest
    @CsvSource({
        SECP256K1_PRIVATE + ", " + SECP256K1_PUBLIC + ", SECP256K1",
        ECDSA_PRIVATE + ", " + ECDSA_PUBLIC + ", ECDSA"
    })
    void reads_and_writes_the_vectors_of_the_specification(
            String secret, String open, KeyType type) {
        var pair = KeyPair.decode(bytes(secret));

        assertThat(pair.publicKey().type()).isEqualTo(type);
        assertThat(pair.encode()).isEqualTo(bytes(secret));
        assertThat(pair.publicKey().encode()).isEqualTo(bytes(open));
        assertThat(PublicKey.decode(bytes(open))).isEqualTo(pair.publicKey());
        assertThat(pair).hasToString("KeyPair[" + pair.peerId() + "]");
    }

    @Test
    void a_short_key_is_the_id_and_a_long_one_is_hashed() {
        var short1 = PublicKey.decode(bytes(SECP256K1_PUBLIC));
        var hashed = PublicKey.decode(bytes(ECDSA_PUBLIC));

        assertThat(short1.peerId().toString()).startsWith("16Uiu2");
        assertThat(short1.peerId().publicKey()).contains(short1);
        assertThat(hashed.peerId().toString()).startsWith("Qm");
        assertThat(hashed.peerId().publicKey()).isEmpty();
        assertThat(PeerId.parse(hashed.peerId().toCid())).isEqualTo(hashed.peerId());
        assertThat(short1.peerId().toCid()).startsWith("bafz");
    }

    @ParameterizedTest
    @EnumSource(names = "RSA", mode = EnumSource.Mode.EXCLUDE)
    void a_signature_verifies_for_its_key_and_message_alone(KeyType type) {
        var pair = KeyPair.generate(type);
        var signature = pair.sign(MESSAGE);

        assertThat(KeyPair.decode(pair.encode()).sign(MESSAGE)).isEqualTo(signature);
        assertThat(pair.publicKey().verify(MESSAGE, signature)).isTrue();
        assertThat(KeyPair.generate(type).publicKey().verify(MESSAGE, signature)).isFalse();
        assertThat(pair.publicKey().verify(MESSAGE.concat(MESSAGE), signature)).isFalse();
        for (int i = 0; i < signature.size(); i++) {
            var changed = signature.toByteArray();
            changed[i] ^= 1;
            assertThat(pair.publicKey().verify(MESSAGE, ByteString.copyFrom(changed)))
                    .as("byte %d changed", i)
                    .isFalse();
            assertThat(pair.publicKey().verify(MESSAGE, signature.substring(0, i)))
                    .as("first %d bytes", i)
                    .isFalse();
        }
    }

    @ParameterizedTest
    @EnumSource(names = "RSA", mode = EnumSource.Mode.EXCLUDE)
    void an_envelope_is_sealed_by_any_kind_of_key(KeyType type) throws SignatureException {
        var pair = KeyPair.generate(type);

        var sealed = SignedEnvelope.seal(pair, "domain", MESSAGE, MESSAGE).encode();

        var opened = SignedEnvelope.open(sealed, "domain", MESSAGE);
        assertThat(opened.signer()).isEqualTo(pair.publicKey());
        assertThatThrownBy(() -> SignedEnvelope.open(sealed, "other", MESSAGE))
                .isInstanceOf(SignatureException.class);
    }

    @Test
    void an_envelope_over_the_limit_is_not_even_parsed() {
        var huge = ByteString.copyFrom(new byte[SignedEnvelope.BYTES_MAX + 1]);

        assertThatThrownBy(() -> SignedEnvelope.open(huge, "domain", MESSAGE))
                .isInstanceOf(SignatureException.class)
                .hasMessageContaining("limit 1048576");
    }

    @Test
    void an_rsa_signature_of_the_jdk_verifies() throws Exception {
        var generator = KeyPairGenerator.getInstance("RSA");
        generator.initialize(2048);
        var pair = generator.generateKeyPair();
        var signer = Signature.getInstance("SHA256withRSA");
        signer.initSign(pair.getPrivate());
        signer.update(MESSAGE.toByteArray());
        var signature = ByteString.copyFrom(signer.sign());

        var key = PublicKey.of(KeyType.RSA, ByteString.copyFrom(pair.getPublic().getEncoded()));

        assertThat(PublicKey.decode(key.encode())).isEqualTo(key);
        assertThat(key.encode().startsWith(bytes("0800"))).isTrue();
        assertThat(key.peerId().toString()).startsWith("Qm");
        assertThat(key.verify(MESSAGE, signature)).isTrue();
        assertThat(key.verify(MESSAGE.concat(MESSAGE), signature)).isFalse();
        assertThat(key.verify(MESSAGE, signature.substring(1))).isFalse();
        assertThat(key.verify(MESSAGE, ByteString.copyFrom(new byte[2000]))).isFalse();
    }

    @Test
    void rsa_is_accepted_up_to_its_limits_and_not_one_past_them() {
        assertThat(rsa(2048, 65537).type()).isEqualTo(KeyType.RSA);
        assertThat(rsa(8192, 65537).encode().size()).isLessThanOrEqualTo(PublicKey.BYTES_MAX + 5);
        assertThat(rsa(2048, Integer.MAX_VALUE).type()).isEqualTo(KeyType.RSA);

        assertThatThrownBy(() -> rsa(2047, 65537)).hasMessageContaining("modulus of 2047 bits");
        assertThatThrownBy(() -> rsa(8193, 65537)).hasMessageContaining("modulus of 8193 bits");
        assertThatThrownBy(() -> rsa(16384, 65537)).hasMessageContaining("limit 1100");
        assertThatThrownBy(() -> rsa(2048, (1L << 31) + 1)).hasMessageContaining("exponent");
        assertThatThrownBy(() -> rsa(2048, 65536)).hasMessageContaining("exponent");
        assertThatThrownBy(() -> rsa(2048, 1)).hasMessageContaining("exponent");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                // cut off, lengths of four bytes, indefinite, past the end, not minimal
                "30",
                "308400000000",
                "3080",
                "30820500aa",
                "308101aa",
                "30820001aa",
                "0500"
            })
    void rsa_in_malformed_der_is_refused(String hex) {
        assertThatThrownBy(() -> PublicKey.of(KeyType.RSA, bytes(hex)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("DER");
    }

    @Test
    void every_cut_of_an_rsa_key_is_refused() {
        var whole = rsa(2048, 65537).raw();

        for (int size = 0; size < whole.size(); size++) {
            var cut = whole.substring(0, size);
            assertThatThrownBy(() -> PublicKey.of(KeyType.RSA, cut))
                    .as("first %d bytes", size)
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void an_ed25519_signature_verifies_after_more_keys_than_are_remembered() {
        var message = ByteString.copyFromUtf8("hello");
        var first = KeyPair.generate();
        var signature = first.sign(message);
        for (int i = 0; i < 5_000; i++) {
            var other = new Ed25519PublicKey(KeyPair.generate().publicKey().raw());

            assertThat(other.verify(message, signature)).isFalse();
        }

        assertThat(first.publicKey().verify(message, signature)).isTrue();
        assertThat(first.publicKey().verify(ByteString.copyFromUtf8("else"), signature)).isFalse();
    }

    @Test
    void an_ed25519_key_that_is_no_point_verifies_nothing() {
        var signer = KeyPair.generate();
        var signature = signer.sign(ByteString.EMPTY);
        var noPoint = new byte[32];
        noPoint[0] = 2; // no x for this y

        for (int time = 0; time < 2; time++) {
            var key = new Ed25519PublicKey(ByteString.copyFrom(noPoint));

            assertThat(key.verify(ByteString.EMPTY, signature)).isFalse();
        }
    }

    @Test
    void points_off_the_curve_are_refused() {
        var secp256k1 = bytes(SECP256K1_PUBLIC).substring(4).toByteArray();
        var ecdsa = bytes(ECDSA_PUBLIC).substring(4).toByteArray();
        Arrays.fill(secp256k1, 1, 33, (byte) 0xff);
        ecdsa[90] ^= 1;

        assertThatThrownBy(() -> PublicKey.of(KeyType.SECP256K1, ByteString.copyFrom(secp256k1)))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> PublicKey.of(KeyType.ECDSA, ByteString.copyFrom(ecdsa)))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void private_keys_outside_the_curve_or_with_a_foreign_public_half_are_refused() {
        var zero = bytes("08021220" + "00".repeat(32));
        var above = bytes("08021220" + "ff".repeat(32));
        var foreign = bytes(ECDSA_PRIVATE).toByteArray();
        foreign[foreign.length - 1] ^= 1;

        assertThatThrownBy(() -> KeyPair.decode(zero)).hasMessageContaining("no scalar");
        assertThatThrownBy(() -> KeyPair.decode(above)).hasMessageContaining("no scalar");
        assertThatThrownBy(() -> KeyPair.decode(ByteString.copyFrom(foreign)))
                .hasMessageContaining("another key");
        assertThatThrownBy(() -> KeyPair.decode(bytes("08001200"))).hasMessageContaining("RSA");
        assertThatThrownBy(() -> KeyPair.generate(KeyType.RSA)).hasMessageContaining("RSA");
    }

    /** No real key: what matters here are its sizes. */
    private static PublicKey rsa(int bits, long exponent) {
        var modulus = BigInteger.ONE.shiftLeft(bits - 1).setBit(0);
        var key = Der.sequence(Der.unsigned(modulus), Der.unsigned(BigInteger.valueOf(exponent)));
        var algorithm = bytes("300d06092a864886f70d0101010500");
        return PublicKey.of(KeyType.RSA, Der.sequence(algorithm, Der.bits(key)));
    }

    private static ByteString bytes(String hex) {
        return ByteString.copyFrom(HexFormat.of().parseHex(hex));
    }
}
