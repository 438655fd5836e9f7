package tensorlink.ledger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import java.math.BigInteger;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class AmountTest {
    private static final String MAX = "340282366920938463463374607431768211455";

    @Test
    void goes_from_zero_to_the_most_that_128_bits_hold() {
        assertThat(Amount.MAX).hasToString(MAX);
        assertThat(Amount.parse(MAX)).isEqualTo(Amount.MAX);
        assertThat(Amount.parse("0")).isEqualTo(Amount.ZERO);
    }

    @Test
    void refuses_what_is_negative_or_past_the_most() {
        var past = BigInteger.TWO.pow(128);

        assertThatThrownBy(() -> Amount.of(-1))
                .isInstanceOf(AmountOverflowException.class)
                .hasMessage("-1 is not from 0 to 2^128-1");
        assertThatThrownBy(() -> new Amount(past)).isInstanceOf(AmountOverflowException.class);
        assertThatThrownBy(() -> new Amount(BigInteger.TWO.pow(256).subtract(BigInteger.ONE)))
                .isInstanceOf(AmountOverflowException.class);
        assertThatThrownBy(() -> new Amount(BigInteger.ONE.shiftLeft(1_000_000)))
                .hasMessage("a number of 1000001 bits is not from 0 to 2^128-1");
    }

    @Test
    void names_the_calculation_that_overflows() {
        assertThatThrownBy(() -> Amount.MAX.plus(Amount.of(1)))
                .isInstanceOf(AmountOverflowException.class)
                .hasMessage(MAX + " + 1 is not from 0 to 2^128-1");
        assertThatThrownBy(() -> Amount.of(3).minus(Amount.of(4)))
                .hasMessage("3 - 4 is not from 0 to 2^128-1");
        assertThatThrownBy(() -> Amount.MAX.times(2)).hasMessageContaining(" * 2 is not");
        assertThatThrownBy(() -> Amount.of(2).times(-1)).hasMessageContaining("2 * -1 is not");
    }

    @Test
    void calculates_like_whole_numbers() {
        var random = new SplittableRandom(5);
        for (int i = 0; i < 1_000; i++) {
            var a = new Amount(new BigInteger(127, new java.util.Random(random.nextLong())));
            var b = new Amount(new BigInteger(127, new java.util.Random(random.nextLong())));

            assertThat(a.plus(b).minus(b)).isEqualTo(a);
            assertThat(a.plus(b).value()).isEqualTo(a.value().add(b.value()));
            assertThat(a.min(b)).isEqualTo(a.isMoreThan(b) ? b : a);
            assertThat(Amount.decode(a.encode())).isEqualTo(a);
        }
    }

    @Test
    void encodes_to_sixteen_bytes_whatever_its_size() {
        for (var value : List.of(Amount.ZERO, Amount.of(127), Amount.of(128), Amount.MAX)) {
            assertThat(value.encode().size()).isEqualTo(16);
            assertThat(Amount.decode(value.encode())).isEqualTo(value);
        }
    }

    @Test
    void refuses_text_and_bytes_that_are_not_an_amount() {
        for (var text : List.of("", "-1", "+1", "1.0", " 1", "0x10", "1e3", "١", "1".repeat(40))) {
            assertThatThrownBy(() -> Amount.parse(text))
                    .as(text)
                    .isInstanceOf(IllegalArgumentException.class);
        }
        assertThatThrownBy(() -> Amount.parse("9".repeat(39)))
                .isInstanceOf(AmountOverflowException.class);
        assertThatThrownBy(() -> Amount.decode(ByteString.copyFrom(new byte[17])))
                .hasMessage("an amount has 16 bytes, not 17");
    }
}
