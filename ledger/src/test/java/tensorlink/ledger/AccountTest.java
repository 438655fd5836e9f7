package tensorlink.ledger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;

class AccountTest {
    /** The test cases that EIP-55 lists. */
    private static final List<String> CHECKSUMMED =
            List.of(
                    "0x52908400098527886E0F7030069857D2E4169EE7",
                    "0x8617E340B3D01FA5F11F306F4090FD50E238070D",
                    "0xde709f2102306220921060314715629080e2fb77",
                    "0x27b1fdb04752bbc536007a920d24acb045561c26",
                    "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
                    "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
                    "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
                    "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb");

    @Test
    void writes_the_checksum_into_the_case_of_its_letters() {
        for (var text : CHECKSUMMED) {
            var account = Account.parse("0x" + text.substring(2).toLowerCase(Locale.ROOT));

            assertThat(account).hasToString(text).isEqualTo(Account.parse(text));
        }
    }

    @Test
    void accepts_digits_of_one_case_without_a_checksum() {
        var text = CHECKSUMMED.get(4);

        assertThat(Account.parse("0x" + text.substring(2).toUpperCase(Locale.ROOT)))
                .isEqualTo(Account.parse(text));
    }

    @Test
    void refuses_a_digit_that_breaks_the_checksum() {
        var right = CHECKSUMMED.get(4);
        var wrongDigit = right.substring(0, 41) + "f";
        var wrongCase = right.replace("aAeb", "aaeb");

        assertThatThrownBy(() -> Account.parse(wrongDigit)).hasMessageContaining("wrong checksum");
        assertThatThrownBy(() -> Account.parse(wrongCase)).hasMessageContaining("wrong checksum");
    }

    @Test
    void refuses_what_is_not_twenty_bytes() {
        var digits = CHECKSUMMED.get(4).substring(2);

        for (var text :
                List.of(
                        "",
                        "0x",
                        digits,
                        "0X" + digits,
                        "0x" + digits + "0",
                        "0x" + "g".repeat(40))) {
            assertThatThrownBy(() -> Account.parse(text))
                    .as(text)
                    .isInstanceOf(IllegalArgumentException.class);
        }
        assertThatThrownBy(() -> new Account(ByteString.copyFrom(new byte[21])))
                .hasMessage("an account has 20 bytes, not 21");
    }
}
