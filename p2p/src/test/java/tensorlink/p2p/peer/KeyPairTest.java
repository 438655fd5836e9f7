package tensorlink.p2p.peer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class KeyPairTest {
    /** The Ed25519 vectors of the peer-id specification. */
    private static final ByteString PRIVATE =
            bytes(
                    "080112407e0830617c4a7de83925dfb2694556b12936c477a0e1feb2e148ec9da60fee7d"
                            + "1ed1e8fae2c4a144b8be8fd4b47bf3d3b34b871c3cacf6010f0e42d474fce27e");

    private static final ByteString PUBLIC =
            bytes("080112201ed1e8fae2c4a144b8be8fd4b47bf3d3b34b871c3cacf6010f0e42d474fce27e");

    @Test
    void reads_and_writes_the_vectors_of_the_specification() {
        var pair = KeyPair.decode(PRIVATE);

        assertThat(pair.encode()).isEqualTo(PRIVATE);
        assertThat(pair.publicKey().encode()).isEqualTo(PUBLIC);
        assertThat(PublicKey.decode(PUBLIC)).isEqualTo(pair.publicKey());
        assertThat(pair.peerId().multihash()).isEqualTo(bytes("0024").concat(PUBLIC));
    }

    @Test
    void reads_the_older_form_when_both_public_halves_agree() {
        var seed = PRIVATE.substring(4, 36);
        var publicHalf = PUBLIC.substring(4);
        var legacy = bytes("08011260").concat(seed).concat(publicHalf).concat(publicHalf);
        var torn = bytes("08011260").concat(seed).concat(publicHalf).concat(seed);

        assertThat(KeyPair.decode(legacy).encode()).isEqualTo(PRIVATE);
        assertThatThrownBy(() -> KeyPair.decode(torn)).hasMessageContaining("another key");
    }

    @Test
    void refuses_a_private_key_whose_public_half_is_foreign() {
        var foreign = PRIVATE.substring(0, 36).concat(KeyPair.generate().publicKey().raw());

        assertThatThrownBy(() -> KeyPair.decode(foreign)).hasMessageContaining("another key");
    }

    /** RFC 8032, section 7.1, test 2. */
    @Test
    void signs_as_the_rfc_does() {
        var seed = bytes("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");

        var pair = KeyPair.ofSeed(seed);

        assertThat(pair.publicKey().raw())
                .isEqualTo(
                        bytes("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"));
        assertThat(pair.sign(bytes("72")))
                .isEqualTo(
                        bytes(
                                "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
                                    + "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"));
    }

    @Test
    void verifies_its_own_signature_and_no_other() {
        var pair = KeyPair.generate();
        var message = ByteString.copyFromUtf8("hello");
        var signature = pair.sign(message);

        assertThat(pair.publicKey().verify(message, signature)).isTrue();
        assertThat(pair.publicKey().verify(message.concat(message), signature)).isFalse();
        assertThat(KeyPair.generate().publicKey().verify(message, signature)).isFalse();
        assertThat(pair.publicKey().verify(message, signature.substring(1))).isFalse();
        for (int bit = 0; bit < 512; bit++) {
            var flipped = signature.toByteArray();
            flipped[bit / 8] ^= (byte) (1 << (bit % 8));
            assertThat(pair.publicKey().verify(message, ByteString.copyFrom(flipped)))
                    .as("bit %d flipped", bit)
                    .isFalse();
        }
    }

    /** With such a key one signature would fit many messages. */
    @ParameterizedTest
    @CsvSource({
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"
    })
    void no_signature_verifies_under_a_key_of_low_order(String hex) {
        var key = PublicKey.of(KeyType.ED25519, bytes(hex));
        var message = ByteString.copyFromUtf8("anything");
        var neutral = bytes("01" + "00".repeat(63));

        assertThat(key.verify(message, neutral)).isFalse();
        assertThat(key.verify(message, bytes(hex + "00".repeat(32)))).isFalse();
    }

    @ParameterizedTest
    @CsvSource({
        "'', canonical",
        "0801, canonical",
        "080112020000, instead of 32",
        "08011220aa, announces 32 bytes",
        "12200801, canonical",
        "08001200, DER",
        "0802120103, secp256k1",
        "0803120130, ECDSA",
        "08631220, unknown type 99",
        "0880011220, unknown type",
        "0801a20120, canonical",
        "080112a00000, varint"
    })
    void refuses_malformed_keys_by_name_and_other_forms(String hex, String reason) {
        assertThatThrownBy(() -> PublicKey.decode(bytes(hex)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(reason);
    }

    @Test
    void refuses_a_key_with_anything_after_it() {
        assertThatThrownBy(() -> PublicKey.decode(PUBLIC.concat(bytes("00"))))
                .hasMessageContaining("but 33 bytes follow");
    }

    @Test
    void its_text_shows_no_secret() {
        var pair = KeyPair.decode(PRIVATE);

        assertThat(pair).hasToString("KeyPair[" + pair.peerId() + "]");
    }

    private static ByteString bytes(String hex) {
        return ByteString.copyFrom(HexFormat.of().parseHex(hex));
    }
}
