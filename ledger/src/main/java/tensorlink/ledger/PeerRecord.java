package tensorlink.ledger;

import com.google.protobuf.ByteString;
import tensorlink.ledger.Fields.Kind;
import tensorlink.ledger.eip712.StructType;

/**
 * A validator's word on where its node is found, so that others can enter the network by the ledger
 * alone.
 *
 * @param record a peer record sealed by the node's own key, at most {@value #RECORD_BYTES_MAX}
 *     bytes; the ledger does not look inside
 * @param serial a record with a higher one replaces this one
 */
public record PeerRecord(Account validator, ByteString record, long serial) implements Message {
    /** What a ledger takes; an encoding can say more, which the ledger refuses. */
    public static final int RECORD_BYTES_MAX = 2_048;

    private static final int ENCODED_BYTES_MAX = 0xffff;

    private static final StructType TYPE =
            StructType.of("PeerRecord(address validator,bytes record,uint64 serial)");

    public PeerRecord {
        validator.checkNamed("validator");
        if (record.size() > ENCODED_BYTES_MAX) {
            throw new IllegalArgumentException(
                    "a peer record has at most "
                            + ENCODED_BYTES_MAX
                            + " bytes, not "
                            + record.size());
        }
        if (serial < 0) {
            throw new IllegalArgumentException("serial is negative: " + serial);
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
                        .bytes(record)
                        .uint(serial)
                        .digest(domain.separator().bytes()));
    }

    @Override
    public ByteString encode() {
        return Fields.encode(
                Kind.PEER_RECORD,
                validator.bytes(),
                Fields.octet(record.size() >> 8),
                Fields.octet(record.size()),
                record,
                Fields.number(serial));
    }

    public static PeerRecord decode(ByteString bytes) throws LedgerFormatException {
        return Fields.decode(
                Kind.PEER_RECORD,
                bytes,
                in ->
                        new PeerRecord(
                                in.account("validator"),
                                in.countedLong("record"),
                                in.number("serial")));
    }
}
