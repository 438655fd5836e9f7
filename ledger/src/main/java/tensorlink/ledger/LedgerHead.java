package tensorlink.ledger;

import com.google.protobuf.ByteString;
import java.time.Instant;
import tensorlink.ledger.Fields.Kind;
import tensorlink.ledger.eip712.StructType;

/**
 * A validator's word for all of its ledger's log up to one record. Two heads of one validator with
 * equal index and different hashes are two histories: see {@link Equivocation}.
 *
 * @param index of the last record, from 0
 * @param hash of that record, which covers all before it
 * @param time when the validator said so
 */
public record LedgerHead(Account validator, long index, Bytes32 hash, Instant time)
        implements Message {
    private static final StructType TYPE =
            StructType.of("LedgerHead(address validator,uint64 index,bytes32 hash,uint64 time)");

    public LedgerHead {
        validator.checkNamed("validator");
        Seconds.check("time", time);
        if (index < 0) {
            throw new IllegalArgumentException("index is negative: " + index);
        }
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
                        .uint(index)
                        .bytes32(hash.bytes())
                        .uint(time.getEpochSecond())
                        .digest(domain.separator().bytes()));
    }

    @Override
    public ByteString encode() {
        return Fields.encode(
                Kind.LEDGER_HEAD,
                validator.bytes(),
                Fields.number(index),
                hash.bytes(),
                Fields.time(time));
    }

    public static LedgerHead decode(ByteString bytes) throws LedgerFormatException {
        return Fields.decode(
                Kind.LEDGER_HEAD,
                bytes,
                in ->
                        new LedgerHead(
                                in.account("validator"),
                                in.number("index"),
                                in.bytes32("hash"),
                                in.time("time")));
    }

    /** Whether this head and {@code other}, if both are signed, prove that one validator lies. */
    public boolean contradicts(LedgerHead other) {
        return validator.equals(other.validator)
                && index == other.index
                && !hash.equals(other.hash);
    }
}
