package tensorlink.ledger.evm;

import java.util.List;
import java.util.Map;
import tensorlink.ledger.Account;
import tensorlink.ledger.Amount;
import tensorlink.ledger.Bytes32;
import tensorlink.ledger.JobEnd;
import tensorlink.ledger.LedgerEvent.Change;

/** The contract's events that are changes of the ledger. */
final class Events {
    private static final Map<Bytes32, Format> FORMATS =
            Map.of(
                    Bytes32.keccak("Issued(address,uint128,uint128)"),
                    (in, data) ->
                            new Change.Issued(
                                    in.account("account"),
                                    data.amount("amount"),
                                    data.amount("cumulative")),
                    Bytes32.keccak("Deposited(address,uint128,uint128)"),
                    (in, data) ->
                            new Change.Deposited(
                                    in.account("payer"),
                                    data.amount("amount"),
                                    data.amount("cumulative")),
                    Bytes32.keccak("Redeemed(address,address,uint128,uint128)"),
                    (in, data) ->
                            new Change.Redeemed(
                                    in.account("payer"),
                                    in.account("payee"),
                                    data.amount("amount"),
                                    data.amount("cumulative")),
                    Bytes32.keccak("JobOpened(bytes32,address,address)"),
                    (in, _) ->
                            new Change.JobOpened(
                                    in.bytes32("jobId"), in.account("payer"), in.account("notary")),
                    Bytes32.keccak("AgreementRecorded(bytes32,address,address,bytes32)"),
                    Events::agreementRecorded,
                    Bytes32.keccak("JobEnded(bytes32,address,uint8,bytes32)"),
                    Events::jobClosed);

    /** What to ask a node for. */
    static final List<Bytes32> TOPICS = List.copyOf(FORMATS.keySet());

    private interface Format {
        Change read(AbiReader indexed, AbiReader data) throws RpcFormatException;
    }

    private Events() {}

    static boolean isChange(Chain.Log log) {
        return !log.topics().isEmpty() && FORMATS.containsKey(log.topics().getFirst());
    }

    /** The change that {@code log} tells of, which is one by {@link #isChange}. */
    static Change change(Chain.Log log) throws RpcFormatException {
        var format = log.topics().isEmpty() ? null : FORMATS.get(log.topics().getFirst());
        if (format == null) {
            throw new RpcFormatException("log topics", "not an event that was asked for");
        }
        var indexed = com.google.protobuf.ByteString.EMPTY;
        for (var topic : log.topics().subList(1, log.topics().size())) {
            indexed = indexed.concat(topic.bytes());
        }
        return format.read(new AbiReader("event", indexed), new AbiReader("event", log.data()));
    }

    /** What a transaction's redeemed vouchers have paid in all; zero when none was. */
    static Amount paid(List<Change> changes) {
        var total = Amount.ZERO;
        for (var change : changes) {
            if (change instanceof Change.Redeemed redeemed) {
                total = total.plus(redeemed.amount());
            }
        }
        return total;
    }

    private static Change agreementRecorded(AbiReader indexed, AbiReader data)
            throws RpcFormatException {
        var jobId = indexed.bytes32("jobId");
        Account payer = indexed.account("payer");
        Account payee = indexed.account("payee");
        return new Change.AgreementRecorded(jobId, data.bytes32("agreement"), payer, payee);
    }

    private static Change jobClosed(AbiReader indexed, AbiReader data) throws RpcFormatException {
        var jobId = indexed.bytes32("jobId");
        var closer = indexed.account("closer");
        return new Change.JobClosed(
                jobId, jobEnd(data.number("end")), data.bytes32("resultHash"), closer);
    }

    static JobEnd jobEnd(long code) throws RpcFormatException {
        if (code < 1 || code > JobEnd.values().length) {
            throw new RpcFormatException(
                    "job end", "1 to " + JobEnd.values().length + ", not " + code);
        }
        return JobEnd.ofCode((int) code);
    }
}
