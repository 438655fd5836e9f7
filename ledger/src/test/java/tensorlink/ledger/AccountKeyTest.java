package tensorlink.ledger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import java.math.BigInteger;
import java.time.Instant;
import java.util.Random;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class AccountKeyTest {
    private static final Bytes32 DIGEST = Bytes32.keccak("digest");
    private static final Domain DOMAIN = Domain.privateNetwork("lab");

    @Test
    void the_signer_is_recovered_from_the_signature() {
        var random = new SplittableRandom(11);
        for (int i = 0; i < 200; i++) {
            var key = AccountKey.generate(random);
            var digest = Bytes32.keccak("digest " + i);

            var signature = key.sign(digest);

            assertThat(signature.signer(digest)).contains(key.account());
            assertThat(signature.isBy(key.account(), digest)).isTrue();
            assertThat(signature.isBy(key.account(), DIGEST)).isFalse();
            assertThat(key.sign(digest)).isEqualTo(signature);
        }
    }

    @Test
    void equal_seeds_give_equal_keys() {
        var key = AccountKey.generate(new SplittableRandom(3));

        assertThat(AccountKey.generate(new SplittableRandom(3)).account()).isEqualTo(key.account());
        assertThat(AccountKey.generate(new SplittableRandom(4)).account())
                .isNotEqualTo(key.account());
    }

    @Test
    void a_secret_is_from_one_to_the_order_less_one() {
        assertThatThrownBy(() -> AccountKey.of(Bytes32.ZERO))
                .hasMessage("a secret is from 1 to n-1");
        assertThatThrownBy(() -> AccountKey.of(new Bytes32(Secp256k1.word(Secp256k1.N))))
                .hasMessage("a secret is from 1 to n-1");
        assertThat(AccountKey.of(new Bytes32(Secp256k1.word(Secp256k1.N.subtract(BigInteger.ONE)))))
                .isNotNull();
    }

    @Test
    void its_text_shows_the_account_and_never_the_secret() {
        var key = AccountKey.generate(new Random(1));

        assertThat(key).hasToString("AccountKey[" + key.account() + "]");
        assertThat(key.toString())
                .doesNotContain(new Bytes32(key.secret()).toString().substring(2));
    }

    @Test
    void signs_only_messages_of_its_own_account() {
        var key = AccountKey.generate(new Random(1));
        var other = AccountKey.generate(new Random(2));
        var voucher =
                new Voucher(
                        key.account(), other.account(), Amount.of(5), Instant.EPOCH, Bytes32.ZERO);

        assertThat(key.sign(DOMAIN, voucher).isAuthentic(DOMAIN)).isTrue();
        assertThatThrownBy(() -> other.sign(DOMAIN, voucher))
                .hasMessage(other.account() + " cannot sign for " + key.account());
    }

    @Test
    void the_high_s_twin_of_a_signature_is_refused() {
        var bytes = AccountKey.generate(new Random(1)).sign(DIGEST).bytes();
        var s = new BigInteger(1, bytes.substring(32, 64).toByteArray());
        var v = (byte) (27 + 28 - bytes.byteAt(64));

        var twin =
                bytes.substring(0, 32)
                        .concat(Secp256k1.word(Secp256k1.N.subtract(s)))
                        .concat(ByteString.copyFrom(new byte[] {v}));

        assertThatThrownBy(() -> new Signature65(twin))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("signature s is outside 1 to n/2");
    }

    @Test
    void every_other_form_of_a_signature_is_refused() {
        var bytes = AccountKey.generate(new Random(1)).sign(DIGEST).bytes();
        var zero = ByteString.copyFrom(new byte[32]);
        var order = Secp256k1.word(Secp256k1.N);

        for (int v : new int[] {0, 1, 2, 26, 29, 255}) {
            assertThatThrownBy(
                            () -> new Signature65(bytes.substring(0, 64).concat(Fields.octet(v))))
                    .hasMessage("signature v is 27 or 28, not " + v);
        }
        for (int size : new int[] {0, 64, 66}) {
            assertThatThrownBy(() -> new Signature65(ByteString.copyFrom(new byte[size])))
                    .hasMessage("a signature has 65 bytes, not " + size);
        }
        for (var r : new ByteString[] {zero, order}) {
            assertThatThrownBy(() -> new Signature65(r.concat(bytes.substring(32))))
                    .hasMessage("signature r is outside 1 to n-1");
        }
        assertThatThrownBy(() ->
                        new Signature65(
                                bytes.substring(0, 32).concat(zero).concat(bytes.substring(64))))
                .hasMessage("signature s is outside 1 to n/2");
    }

    @Test
    void an_r_that_is_no_point_has_no_signer() {
        // 5³ + 7 = 132 is not a square modulo p.
        var signature = Signature65.of(BigInteger.valueOf(5), BigInteger.ONE, false);

        assertThat(signature.signer(DIGEST)).isEmpty();
    }

    @Test
    void a_signature_that_leads_to_no_key_has_no_signer() {
        // R = G and s = e make the key (e·G - e·G) / r, which is infinity.
        var xOfG = "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
        var e = BigInteger.valueOf(77);
        var digest = new Bytes32(Secp256k1.word(e));

        var signature = Signature65.of(new BigInteger(xOfG, 16), e, false);

        assertThat(signature.signer(digest)).isEmpty();
    }
}
