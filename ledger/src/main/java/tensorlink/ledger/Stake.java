package tensorlink.ledger;

import com.google.protobuf.ByteString;
import tensorlink.ledger.Fields.Kind;
import tensorlink.ledger.eip712.StructType;

/**
 * An account's order to move credits into its collateral, up to a sum since the beginning. Who has
 * put up enough validates.
 */
public record Stake(Account validator, Amount cumulative) implements Message {
    private static final StructType TYPE =
            StructType.of("Stake(address validator,uint128 cumulative)");

    public Stake {
        validator.checkNamed("validator");
    }

    @Override
    public Account signer() {
        return validator;
    }

    @Override
    public Bytes32 digest(Domain domain) {
        return new Bytes32(
                TYPE.values()
                        .address(validator.bytes())
                        .uint(cumulative.value())
                        .digest(domain.separator().bytes()));
    }

    @Override
    public ByteString encode() {
        return Fields.encode(Kind.STAKE, validator.bytes(), cumulative.encode());
    }

    public static Stake decode(ByteString bytes) throws LedgerFormatException {
        return Fields.decode(
                Kind.STAKE,
                bytes,
                in -> new Stake(in.account("validator"), in.amount("cumulative")));
    }
}
