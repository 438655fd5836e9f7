package tensorlink.ledger.eip712;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import java.math.BigInteger;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

class StructTypeTest {
    private static final StructType TYPE =
            StructType.of("Deposit(address payer,uint128 cumulative)");
    private static final ByteString PAYER = ByteString.copyFrom(new byte[20]);

    /** The empty input's hash is the one constant of Keccak that everybody knows by heart. */
    @Test
    void keccak_is_the_one_of_ethereum() {
        var hash = Keccak.hash();

        assertThat(HexFormat.of().formatHex(hash.toByteArray()))
                .isEqualTo("c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470");
    }

    @Test
    void keccak_of_parts_is_that_of_the_whole() {
        var whole = ByteString.copyFromUtf8("abcdef");

        assertThat(Keccak.hash(whole.substring(0, 2), whole.substring(2)))
                .isEqualTo(Keccak.hash(whole));
    }

    @Test
    void refuses_a_value_of_another_type_than_the_member() {
        var values = TYPE.values();

        assertThatThrownBy(() -> values.uint(1))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("payer is address, not uint");
    }

    @Test
    void refuses_to_hash_with_a_member_missing_or_too_many() {
        var missing = TYPE.values().address(PAYER);
        var full = TYPE.values().address(PAYER).uint(1);

        assertThatThrownBy(missing::hash).hasMessage("no value for cumulative");
        assertThatThrownBy(() -> full.uint(1)).hasMessage("a value too many: uint");
    }

    @Test
    void refuses_a_number_that_the_member_would_narrow() {
        var most = BigInteger.TWO.pow(128).subtract(BigInteger.ONE);

        assertThat(TYPE.values().address(PAYER).uint(most).hash().size()).isEqualTo(32);
        assertThatThrownBy(() -> TYPE.values().address(PAYER).uint(most.add(BigInteger.ONE)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("cumulative does not fit uint128");
        assertThatThrownBy(() -> TYPE.values().address(PAYER).uint(-1))
                .hasMessage("cumulative does not fit uint128: -1");
    }

    @Test
    void refuses_an_address_of_another_length() {
        assertThatThrownBy(() -> TYPE.values().address(ByteString.copyFrom(new byte[19])))
                .hasMessage("19 bytes where 20 belong");
    }

    @Test
    void refuses_types_that_are_not_flat() {
        assertThatThrownBy(() -> StructType.of("Deposit"))
                .hasMessageContaining("not a struct type");
        assertThatThrownBy(() -> StructType.of("A(Person who)"))
                .hasMessageContaining("unsupported member type Person");
        assertThatThrownBy(() -> StructType.of("A(uint128[] all)"))
                .hasMessageContaining("unsupported member type uint128[]");
        assertThatThrownBy(() -> StructType.of("A(uint128 a, uint128 b)"))
                .hasMessageContaining("not a member");
    }
}
