package tensorlink.ledger.evm;

import com.google.protobuf.ByteString;
import java.util.List;
import java.util.Map;
import tensorlink.ledger.Account;
import tensorlink.ledger.Amount;
import tensorlink.ledger.Bytes32;
import tensorlink.ledger.JobEnd;
import tensorlink.ledger.LedgerEvent.Change;
import tensorlink.ledger.RewardRoot;

/** The contract's events that are changes of the ledger. */
final class Events {
    private static final Map<Bytes32, Format> FORMATS =
            Map.ofEntries(
                    event(
                            "Issued(address,uint128,uint128)",
                            (in, data) ->
                                    new Change.Issued(
                                            in.account("account"),
                                            data.amount("amount"),
                                            data.amount("cumulative"))),
                    event(
                            "Deposited(address,uint128,uint128)",
                            (in, data) ->
                                    new Change.Deposited(
                                            in.account("payer"),
                                            data.amount("amount"),
                                            data.amount("cumulative"))),
                    event(
                            "Redeemed(address,address,uint128,uint128)",
                            (in, data) ->
                                    new Change.Redeemed(
                                            in.account("payer"),
                                            in.account("payee"),
                                            data.amount("amount"),
                                            data.amount("cumulative"))),
                    event(
                            "WithdrawalNoticed(address,uint128,uint64)",
                            (in, data) ->
                                    new Change.WithdrawalNoticed(
                                            in.account("payer"),
                                            data.amount("leaving"),
                                            data.time("ends"))),
                    event(
                            "Withdrawn(address,uint128)",
                            (in, data) ->
                                    new Change.Withdrawn(
                                            in.account("payer"), data.amount("amount"))),
                    event(
                            "Locked(address,address,uint128,uint64)",
                            (in, data) ->
                                    new Change.Locked(
                                            in.account("payer"),
                                            in.account("payee"),
                                            data.amount("amount"),
                                            data.time("until"))),
                    event(
                            "Unlocked(address,address,uint128)",
                            (in, data) ->
                                    new Change.Unlocked(
                                            in.account("payer"),
                                            in.account("payee"),
                                            data.amount("amount"))),
                    event(
                            "JobOpened(bytes32,address,address)",
                            (in, _) ->
                                    new Change.JobOpened(
                                            in.bytes32("jobId"),
                                            in.account("payer"),
                                            in.account("notary"))),
                    event(
                            "AgreementRecorded(bytes32,address,address,bytes32)",
                            Events::agreementRecorded),
                    event("JobEnded(bytes32,address,uint8,bytes32)", Events::jobClosed),
                    event(
                            "Disputed(bytes32,address,bytes32,uint64,uint128)",
                            (in, data) ->
                                    new Change.Disputed(
                                            in.bytes32("agreement"),
                                            in.account("plaintiff"),
                                            data.bytes32("evidence"),
                                            data.time("ends"),
                                            data.amount("locked"))),
                    event(
                            "Judged(bytes32,address,address,uint128,uint128)",
                            (in, data) ->
                                    new Change.Judged(
                                            in.bytes32("agreement"),
                                            in.account("payer"),
                                            in.account("payee"),
                                            data.amount("amount"),
                                            data.amount("cumulative"))),
                    event(
                            "Staked(address,uint128,uint128)",
                            (in, data) ->
                                    new Change.Staked(
                                            in.account("validator"),
                                            data.amount("amount"),
                                            data.amount("cumulative"))),
                    event(
                            "UnstakeNoticed(address,uint128,uint64)",
                            (in, data) ->
                                    new Change.UnstakeNoticed(
                                            in.account("validator"),
                                            data.amount("leaving"),
                                            data.time("ends"))),
                    event(
                            "Unstaked(address,uint128)",
                            (in, data) ->
                                    new Change.Unstaked(
                                            in.account("validator"), data.amount("amount"))),
                    event(
                            "ValidatorJoined(address)",
                            (in, _) -> new Change.ValidatorJoined(in.account("validator"))),
                    event(
                            "ValidatorLeft(address)",
                            (in, _) -> new Change.ValidatorLeft(in.account("validator"))),
                    event(
                            "PeerAnnounced(address,uint64,bytes)",
                            (in, data) ->
                                    new Change.PeerAnnounced(
                                            in.account("validator"),
                                            data.number("serial"),
                                            data.at("record", 0).bytes("record"))),
                    event(
                            "Slashed(address,address,uint128,uint128)",
                            (in, data) ->
                                    new Change.Slashed(
                                            in.account("validator"),
                                            in.account("reporter"),
                                            data.amount("burned"),
                                            data.amount("reported"))),
                    event(
                            "Funded(address,uint128,uint128)",
                            (in, data) ->
                                    new Change.Funded(
                                            in.account("funder"),
                                            data.amount("amount"),
                                            data.amount("cumulative"))),
                    event(
                            "RootPosted(uint64,bytes32,uint128,bytes32,uint64)",
                            (in, data) ->
                                    new Change.RootPosted(
                                            new RewardRoot(
                                                    in.number("epoch"),
                                                    data.bytes32("root"),
                                                    data.amount("total"),
                                                    data.bytes32("leavesHash")),
                                            data.time("activeFrom"))),
                    event(
                            "RootCancelled(uint64)",
                            (in, _) -> new Change.RootCancelled(in.number("epoch"))),
                    event(
                            "Claimed(address,uint128,uint128)",
                            (in, data) ->
                                    new Change.Claimed(
                                            in.account("account"),
                                            data.amount("amount"),
                                            data.amount("cumulative"))));

    /** What to ask a node for. */
    static final List<Bytes32> TOPICS = List.copyOf(FORMATS.keySet());

    private interface Format {
        Change read(AbiReader indexed, AbiReader data) throws RpcFormatException;
    }

    private static Map.Entry<Bytes32, Format> event(String signature, Format format) {
        return Map.entry(Bytes32.keccak(signature), format);
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
        var indexed = ByteString.EMPTY;
        for (var topic : log.topics().subList(1, log.topics().size())) {
            indexed = indexed.concat(topic.bytes());
        }
        return format.read(new AbiReader("event", indexed), new AbiReader("event", log.data()));
    }

    /** What the changes of one transaction have paid in all; zero when nothing was. */
    static Amount paid(List<Change> changes) {
        var total = Amount.ZERO;
        for (var change : changes) {
            total = total.plus(paid(change));
        }
        return total;
    }

    private static Amount paid(Change change) {
        return switch (change) {
            case Change.Redeemed redeemed -> redeemed.amount();
            case Change.Judged judged -> judged.amount();
            case Change.Withdrawn withdrawn -> withdrawn.amount();
            case Change.Unstaked unstaked -> unstaked.amount();
            case Change.Slashed slashed -> slashed.reported();
            case Change.Claimed claimed -> claimed.amount();
            case Change.Issued _,
                    Change.Deposited _,
                    Change.JobOpened _,
                    Change.AgreementRecorded _,
                    Change.JobClosed _,
                    Change.WithdrawalNoticed _,
                    Change.Locked _,
                    Change.Unlocked _,
                    Change.Staked _,
                    Change.UnstakeNoticed _,
                    Change.ValidatorJoined _,
                    Change.ValidatorLeft _,
                    Change.PeerAnnounced _,
                    Change.Funded _,
                    Change.RootPosted _,
                    Change.RootCancelled _,
                    Change.Disputed _,
                    Change.Retracted _ ->
                    Amount.ZERO;
        };
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
