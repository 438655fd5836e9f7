package tensorlink.ledger;

import com.google.protobuf.ByteString;
import tensorlink.ledger.Fields.Kind;
import tensorlink.ledger.eip712.StructType;

/**
 * A validator's notice that it takes collateral back, up to a sum since the beginning. What is
 * about to leave counts for nothing, but can be slashed until it has left.
 */
public record Unstake(Account validator, Amount cumulative) implements Message {
    private static final StructType TYPE =
            StructType.of("Unstake(address validator,uint128 cumulative)");

    public Unstake {
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
        return Fields.encode(Kind.UNSTAKE, validator.bytes(), cumulative.encode());
    }

    public static Unstake decode(ByteString bytes) throws LedgerFormatException {
        return Fields.decode(
                Kind.UNSTAKE,
                bytes,
                in -> new Unstake(in.account("validator"), in.amount("cumulative")));
    }
}
