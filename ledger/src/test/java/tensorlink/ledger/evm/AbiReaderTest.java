package tensorlink.ledger.evm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import tensorlink.ledger.Rejection;

/** What a lying node may answer in place of the contract. */
class AbiReaderTest {
    private static final String MAX = "ff".repeat(32);

    @Test
    void words_are_read_in_order_and_a_missing_one_is_named() throws Exception {
        var in = new AbiReader("answer", words(word(7), word(1)));

        assertThat(in.number("first")).isEqualTo(7);
        assertThat(in.bool("second")).isTrue();
        assertThatThrownBy(() -> in.amount("third"))
                .isInstanceOf(RpcFormatException.class)
                .hasMessage("answer third: missing: the data has 64 bytes");
    }

    @Test
    void a_value_that_does_not_fit_its_type_is_refused() throws Exception {
        assertThatThrownBy(() -> reader(MAX).amount("sum"))
                .hasMessageContaining("more than 128 bits");
        assertThatThrownBy(() -> reader(MAX).number("count"))
                .hasMessageContaining("more than 63 bits");
        assertThatThrownBy(() -> reader(MAX).account("payer"))
                .hasMessageContaining("not an account");
        assertThatThrownBy(() -> reader(word(2)).bool("flag"))
                .hasMessageContaining("more than 1 bits");
        assertThatThrownBy(() -> reader(word(253_402_300_800L)).time("expiry"))
                .hasMessageContaining("after the year 9999");
        assertThat(reader(word(253_402_300_799L)).time("expiry"))
                .hasToString("9999-12-31T23:59:59Z");
    }

    @Test
    void offsets_and_lengths_stay_inside_the_data() throws Exception {
        assertThatThrownBy(() -> reader(MAX).at("list", 0)).hasMessageContaining("past the end");
        assertThatThrownBy(() -> reader(word(33)).at("list", 0))
                .hasMessageContaining("past the end");
        assertThatThrownBy(() -> reader(MAX).count("list", 1))
                .hasMessageContaining("the data holds 0");
        assertThatThrownBy(() -> reader(MAX).bytes("text"))
                .hasMessageContaining("the data holds 0");
        // An offset to itself ends with the data, not with the memory.
        var loop = reader(word(0)).at("list", 0);
        assertThat(loop.count("list", 1)).isZero();
        assertThat(new AbiReader("answer", words(word(2), "4142")).bytes("text").toStringUtf8())
                .isEqualTo("AB");
    }

    @Test
    void errors_of_the_contract_are_rejections_and_others_are_told_in_words() throws Exception {
        var error = Reverts.selector("Error(string)");
        var text = words(word(32), word(4), "6f6f7073" + "00".repeat(28));

        assertThat(Reverts.describe(error.concat(text))).isEqualTo("oops");
        assertThat(Reverts.describe(error)).isEqualTo("Error with unreadable text");
        assertThat(Reverts.describe(Reverts.selector("Panic(uint256)").concat(words(word(17)))))
                .isEqualTo("Panic 17");
        assertThat(Reverts.describe(ByteString.EMPTY)).isEqualTo("reverted without a reason");
        assertThat(RpcValue.hex(Reverts.selector(Rejection.NOT_VALIDATOR.errorName() + "()")))
                .isEqualTo(RpcValue.hex(Reverts.selector("NotValidator()")))
                .hasSize(10);
    }

    @Test
    void numbers_of_json_are_hexadecimal_and_bounded() {
        for (var bad : new String[] {"12", "0x", "0xg", "0x" + "f".repeat(65), "-0x1", ""}) {
            assertThatThrownBy(() -> RpcValue.number(FakeChain.json(bad), "block number"))
                    .as(bad)
                    .isInstanceOf(RpcFormatException.class)
                    .hasMessageStartingWith("block number: ");
        }
        assertThatThrownBy(() -> RpcValue.number(FakeChain.json(12), "block number"))
                .hasMessage("block number: expected 0x and digits, not 12");
        assertThatThrownBy(() -> RpcValue.number(FakeChain.json("0x8000000000000000"), "nonce"))
                .hasMessageContaining("more than 2^63-1");
    }

    private static AbiReader reader(String hex) {
        return new AbiReader("answer", words(hex));
    }

    private static String word(long value) {
        return "%064x".formatted(value);
    }

    private static ByteString words(String... hex) {
        return ByteString.copyFrom(HexFormat.of().parseHex(String.join("", hex)));
    }
}
