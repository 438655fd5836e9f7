package tensorlink.ledger.evm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import java.math.BigInteger;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.web3j.crypto.SignedRawTransaction;
import org.web3j.crypto.TransactionDecoder;
import tensorlink.ledger.AccountKey;
import tensorlink.ledger.Bytes32;
import tensorlink.ledger.Draw;

/** Transactions of EIP-1559, with Web3j's decoder as a second opinion. */
class TransactionTest {
    private static final AccountKey KEY = AccountKey.of(Bytes32.keccak("transactions"));

    @Test
    void another_library_reads_what_was_signed_and_finds_its_signer() throws Exception {
        for (long seed = 0; seed < 50; seed++) {
            var transaction = random(seed);

            var signed = transaction.sign(KEY);

            var read =
                    (SignedRawTransaction) TransactionDecoder.decode(RpcValue.hex(signed.bytes()));
            assertThat(read.getFrom())
                    .as("seed %d", seed)
                    .isEqualToIgnoringCase(KEY.account().toString());
            assertThat(read.getNonce()).isEqualTo(BigInteger.valueOf(transaction.nonce()));
            assertThat(read.getGasLimit()).isEqualTo(BigInteger.valueOf(transaction.gasLimit()));
            assertThat(read.getValue()).isZero();
        }
    }

    @Test
    void what_was_signed_is_read_back_and_anything_else_refused() {
        for (long seed = 0; seed < 50; seed++) {
            var signed = random(seed).sign(KEY);
            assertThat(Transaction.decode(signed.bytes(), KEY.account())).isEqualTo(signed);
            var random = new SplittableRandom(seed);
            var bytes = signed.bytes().toByteArray();
            bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));

            assertThatThrownBy(() -> Transaction.decode(ByteString.copyFrom(bytes), KEY.account()))
                    .as("seed %d", seed)
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void a_bump_raises_both_fees_by_an_eighth_and_stops_at_the_ceiling() {
        var fee = new Fee(BigInteger.ONE, BigInteger.valueOf(80));

        assertThat(fee.bumped(BigInteger.valueOf(90)))
                .contains(new Fee(BigInteger.TWO, BigInteger.valueOf(90)));
        assertThat(fee.bumped(BigInteger.valueOf(89))).isEmpty();
        assertThat(new Fee(BigInteger.ZERO, BigInteger.ZERO).bumped(BigInteger.TEN))
                .contains(new Fee(BigInteger.ONE, BigInteger.ONE));
        assertThat(Fee.initial(BigInteger.TEN, BigInteger.ONE, BigInteger.valueOf(15)))
                .contains(new Fee(BigInteger.ONE, BigInteger.valueOf(15)));
        assertThat(Fee.initial(BigInteger.TEN, BigInteger.ONE, BigInteger.TEN)).isEmpty();
    }

    private static Transaction random(long seed) {
        var random = new SplittableRandom(seed);
        var draw = new Draw(random);
        var tip = BigInteger.valueOf(random.nextLong(1_000_000_000_000L));
        return new Transaction(
                1 + random.nextLong(100_000),
                random.nextLong(300),
                new Fee(tip, tip.add(BigInteger.valueOf(random.nextLong(1_000_000_000_000L)))),
                21_000 + random.nextLong(1_000_000),
                Optional.of(draw.account()),
                draw.bytes(random.nextInt(300)));
    }
}
