package tensorlink.ledger;

import com.google.protobuf.ByteString;
import tensorlink.ledger.Fields.Kind;
import tensorlink.ledger.eip712.StructType;

/** An account's order to move credits into the reward pool, up to a sum since the beginning. */
public record Funding(Account funder, Amount cumulative) implements Message {
    private static final StructType TYPE =
            StructType.of("Funding(address funder,uint128 cumulative)");

    public Funding {
        funder.checkNamed("funder");
    }

    @Override
    public Account signer() {
        return funder;
    }

    @Override
    public Bytes32 digest(Domain domain) {
        return new Bytes32(
                TYPE.values()
                        .address(funder.bytes())
                        .uint(cumulative.value())
                        .digest(domain.separator().bytes()));
    }

    @Override
    public ByteString encode() {
        return Fields.encode(Kind.FUNDING, funder.bytes(), cumulative.encode());
    }

    public static Funding decode(ByteString bytes) throws LedgerFormatException {
        return Fields.decode(
                Kind.FUNDING,
                bytes,
                in -> new Funding(in.account("funder"), in.amount("cumulative")));
    }
}
