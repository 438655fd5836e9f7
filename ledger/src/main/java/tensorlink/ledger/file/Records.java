package tensorlink.ledger.file;

import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import tensorlink.ledger.Account;
import tensorlink.ledger.Agreement;
import tensorlink.ledger.Bytes32;
import tensorlink.ledger.Deposit;
import tensorlink.ledger.Dispute;
import tensorlink.ledger.Endorsement;
import tensorlink.ledger.Equivocation;
import tensorlink.ledger.Funding;
import tensorlink.ledger.Issuance;
import tensorlink.ledger.JobClosing;
import tensorlink.ledger.JobOpening;
import tensorlink.ledger.LedgerFormatException;
import tensorlink.ledger.Lock;
import tensorlink.ledger.Message;
import tensorlink.ledger.PeerRecord;
import tensorlink.ledger.RewardRoot;
import tensorlink.ledger.RootCancel;
import tensorlink.ledger.Signed;
import tensorlink.ledger.SignedAgreement;
import tensorlink.ledger.Stake;
import tensorlink.ledger.Unstake;
import tensorlink.ledger.Verdict;
import tensorlink.ledger.Voucher;
import tensorlink.ledger.Withdrawal;

/**
 * The canonical bytes of the log's records: {@code version u8 | kind u8 | time i64 | body},
 * big-endian, the time in milliseconds since 1970.
 *
 * <p>A body has what the entry moved or began, then the signed message that asked for it; the
 * module's README lists them. Genesis is {@code issuer 20 | network id}.
 */
final class Records {
    private static final int VERSION = 1;
    private static final int HEADER_BYTES = 2 + Long.BYTES;

    private static final int GENESIS = 0;
    private static final int ISSUED = 1;
    private static final int DEPOSITED = 2;
    private static final int JOB_OPENED = 3;
    private static final int AGREEMENT_RECORDED = 4;
    private static final int JOB_CLOSED = 5;
    private static final int SETTLED = 6;

    private static final int WITHDRAWAL_NOTICED = 7;
    private static final int WITHDRAWN = 8;
    private static final int LOCKED = 9;
    private static final int UNLOCKED = 10;
    private static final int DISPUTED = 11;
    private static final int JUDGED = 12;
    private static final int STAKED = 13;
    private static final int UNSTAKE_NOTICED = 14;
    private static final int UNSTAKED = 15;
    private static final int ANNOUNCED = 16;
    private static final int SLASHED = 17;
    private static final int FUNDED = 18;
    private static final int ROOT_POSTED = 19;
    private static final int ROOT_CANCELLED = 20;
    private static final int CLAIMED = 21;

    /** Of a message whose length is fixed. */
    private static final int AGREEMENT_BYTES = 238;

    private static final int REWARD_ROOT_BYTES = 90;
    private static final int ROOT_CANCEL_BYTES = 10;

    private Records() {}

    /** The first record: whose ledger this is. */
    record Genesis(String networkId, Account issuer) {}

    /** An entry with the time of its recording. */
    record Stamped(Instant time, Entry entry) {}

    static ByteString encode(Instant time, Genesis genesis) {
        return header(GENESIS, time)
                .concat(genesis.issuer.bytes())
                .concat(ByteString.copyFromUtf8(genesis.networkId));
    }

    static Genesis decodeGenesis(ByteString record) throws LedgerFormatException {
        if (kind(record) != GENESIS) {
            throw bad(1, "kind", kind(record) + ", expected " + GENESIS);
        }
        time(record);
        int id = HEADER_BYTES + Account.SIZE;
        if (record.size() <= id) {
            throw bad(HEADER_BYTES, "network id", "missing");
        }
        if (!record.substring(id).isValidUtf8()) {
            throw bad(id, "network id", "not UTF-8");
        }
        return new Genesis(
                record.substring(id).toStringUtf8(),
                new Account(record.substring(HEADER_BYTES, id)));
    }

    static ByteString encode(Instant time, Entry entry) {
        return switch (entry) {
            case Entry.Issued(var issuance, var amount) ->
                    record(ISSUED, time, amount.encode(), issuance.encode());
            case Entry.Deposited(var deposit, var amount) ->
                    record(DEPOSITED, time, amount.encode(), deposit.encode());
            case Entry.JobOpened(var opening) -> record(JOB_OPENED, time, opening.encode());
            case Entry.AgreementRecorded(var agreement) ->
                    record(AGREEMENT_RECORDED, time, agreement.encode());
            case Entry.JobClosed(var closing) -> record(JOB_CLOSED, time, closing.encode());
            case Entry.Settled(var payments) ->
                    record(
                            SETTLED,
                            time,
                            list(
                                    payments,
                                    it -> it.amount().encode().concat(it.voucher().encode())));
            case Entry.WithdrawalNoticed(var withdrawal, var leaving, var ends) ->
                    record(
                            WITHDRAWAL_NOTICED,
                            time,
                            leaving.encode(),
                            seconds(ends),
                            withdrawal.encode());
            case Entry.Withdrawn(var payer, var amount) ->
                    record(WITHDRAWN, time, payer.bytes(), amount.encode());
            case Entry.Locked(var lock) -> record(LOCKED, time, lock.encode());
            case Entry.Unlocked(var payer, var payee, var amount) ->
                    record(UNLOCKED, time, payer.bytes(), payee.bytes(), amount.encode());
            case Entry.Disputed(var agreement, var dispute, var locked, var ends) ->
                    record(
                            DISPUTED,
                            time,
                            agreement.encode(),
                            locked.encode(),
                            seconds(ends),
                            dispute.encode());
            case Entry.Judged(var agreement, var verdict, var amount) ->
                    record(JUDGED, time, agreement.encode(), amount.encode(), verdict.encode());
            case Entry.Staked(var stake, var amount, var seat) ->
                    record(STAKED, time, amount.encode(), octet(seat.code()), stake.encode());
            case Entry.UnstakeNoticed(var unstake, var leaving, var ends, var seat) ->
                    record(
                            UNSTAKE_NOTICED,
                            time,
                            leaving.encode(),
                            seconds(ends),
                            octet(seat.code()),
                            unstake.encode());
            case Entry.Unstaked(var validator, var amount) ->
                    record(UNSTAKED, time, validator.bytes(), amount.encode());
            case Entry.Announced(var announced) -> record(ANNOUNCED, time, announced.encode());
            case Entry.Slashed(var proof, var reporter, var burned, var reported, var seat) ->
                    record(
                            SLASHED,
                            time,
                            proof.validator().bytes(),
                            proof.one().encode(),
                            proof.oneSignature().bytes(),
                            proof.other().encode(),
                            proof.otherSignature().bytes(),
                            reporter.bytes(),
                            burned.encode(),
                            reported.encode(),
                            octet(seat.code()));
            case Entry.Funded(var funding, var amount) ->
                    record(FUNDED, time, amount.encode(), funding.encode());
            case Entry.RootPosted(var root, var quorum, var activeFrom) ->
                    record(
                            ROOT_POSTED,
                            time,
                            root.encode(),
                            seconds(activeFrom),
                            list(quorum, Records::encode));
            case Entry.RootCancelled(var cancel, var veto) ->
                    record(ROOT_CANCELLED, time, cancel.encode(), list(veto, Records::encode));
            case Entry.Claimed(var account, var total, var proof, var amount) ->
                    record(
                            CLAIMED,
                            time,
                            account.bytes(),
                            total.encode(),
                            amount.encode(),
                            list(proof, Bytes32::bytes));
        };
    }

    private static ByteString encode(Endorsement endorsement) {
        return endorsement.validator().bytes().concat(endorsement.signature().bytes());
    }

    static Stamped decode(ByteString record) throws LedgerFormatException {
        int kind = kind(record);
        var time = time(record);
        var in = new RecordReader(record, HEADER_BYTES);
        var entry = entry(kind, in);
        in.requireEnd();
        return new Stamped(time, entry);
    }

    private static Entry entry(int kind, RecordReader in) throws LedgerFormatException {
        return switch (kind) {
            case ISSUED -> {
                var amount = in.amount("amount");
                yield new Entry.Issued(in.rest(signed(Issuance::decode)), amount);
            }
            case DEPOSITED -> {
                var amount = in.amount("amount");
                yield new Entry.Deposited(in.rest(signed(Deposit::decode)), amount);
            }
            case JOB_OPENED -> new Entry.JobOpened(in.rest(signed(JobOpening::decode)));
            case AGREEMENT_RECORDED ->
                    new Entry.AgreementRecorded(in.rest(SignedAgreement::decode));
            case JOB_CLOSED -> new Entry.JobClosed(in.rest(signed(JobClosing::decode)));
            case SETTLED ->
                    new Entry.Settled(
                            in.list(
                                    "payments",
                                    each -> {
                                        var amount = each.amount("amount");
                                        return new Entry.Payment(
                                                each.rest(signed(Voucher::decode)), amount);
                                    }));
            case WITHDRAWAL_NOTICED -> {
                var leaving = in.amount("leaving");
                var ends = in.time("ends");
                yield new Entry.WithdrawalNoticed(
                        in.rest(signed(Withdrawal::decode)), leaving, ends);
            }
            case WITHDRAWN -> new Entry.Withdrawn(in.account("payer"), in.amount("amount"));
            case LOCKED -> new Entry.Locked(in.rest(signed(Lock::decode)));
            case UNLOCKED ->
                    new Entry.Unlocked(
                            in.account("payer"), in.account("payee"), in.amount("amount"));
            case DISPUTED -> {
                var agreement = in.part("agreement", AGREEMENT_BYTES, Agreement::decode);
                var locked = in.amount("locked");
                var ends = in.time("ends");
                yield new Entry.Disputed(agreement, in.rest(signed(Dispute::decode)), locked, ends);
            }
            case JUDGED -> {
                var agreement = in.part("agreement", AGREEMENT_BYTES, Agreement::decode);
                var amount = in.amount("amount");
                yield new Entry.Judged(agreement, in.rest(signed(Verdict::decode)), amount);
            }
            case STAKED -> {
                var amount = in.amount("amount");
                var seat = in.seat();
                yield new Entry.Staked(in.rest(signed(Stake::decode)), amount, seat);
            }
            case UNSTAKE_NOTICED -> {
                var leaving = in.amount("leaving");
                var ends = in.time("ends");
                var seat = in.seat();
                yield new Entry.UnstakeNoticed(
                        in.rest(signed(Unstake::decode)), leaving, ends, seat);
            }
            case UNSTAKED -> new Entry.Unstaked(in.account("validator"), in.amount("amount"));
            case ANNOUNCED -> new Entry.Announced(in.rest(signed(PeerRecord::decode)));
            case SLASHED ->
                    new Entry.Slashed(
                            new Equivocation.Roots(
                                    in.account("validator"),
                                    in.part("one", REWARD_ROOT_BYTES, RewardRoot::decode),
                                    in.signature("one's signature"),
                                    in.part("other", REWARD_ROOT_BYTES, RewardRoot::decode),
                                    in.signature("other's signature")),
                            in.account("reporter"),
                            in.amount("burned"),
                            in.amount("reported"),
                            in.seat());
            case FUNDED -> {
                var amount = in.amount("amount");
                yield new Entry.Funded(in.rest(signed(Funding::decode)), amount);
            }
            case ROOT_POSTED -> {
                var root = in.part("root", REWARD_ROOT_BYTES, RewardRoot::decode);
                var activeFrom = in.time("activeFrom");
                yield new Entry.RootPosted(
                        root, in.list("quorum", Records::endorsement), activeFrom);
            }
            case ROOT_CANCELLED ->
                    new Entry.RootCancelled(
                            in.part("cancel", ROOT_CANCEL_BYTES, RootCancel::decode),
                            in.list("veto", Records::endorsement));
            case CLAIMED -> {
                var account = in.account("account");
                var total = in.amount("total");
                var amount = in.amount("amount");
                yield new Entry.Claimed(
                        account, total, in.list("proof", each -> each.word("hash")), amount);
            }
            default -> throw bad(1, "kind", "unknown: " + kind);
        };
    }

    private static Endorsement endorsement(RecordReader in) throws LedgerFormatException {
        return new Endorsement(in.account("validator"), in.signature("signature"));
    }

    private static <M extends Message> Signed.Format<Signed<M>> signed(Signed.Format<M> format) {
        return bytes -> Signed.decode(bytes, format);
    }

    private static ByteString record(int kind, Instant time, ByteString... parts) {
        return header(kind, time).concat(ByteString.copyFrom(List.of(parts)));
    }

    /** The count in two bytes, then the elements, all of one length. */
    private static <T> ByteString list(List<T> elements, Function<T, ByteString> encoding) {
        var parts = new ArrayList<ByteString>();
        parts.add(octet(elements.size() >> 8).concat(octet(elements.size())));
        elements.forEach(it -> parts.add(encoding.apply(it)));
        return ByteString.copyFrom(parts);
    }

    private static ByteString seconds(Instant time) {
        return ByteString.copyFrom(
                ByteBuffer.allocate(Long.BYTES).putLong(0, time.getEpochSecond()));
    }

    private static ByteString octet(int value) {
        return ByteString.copyFrom(new byte[] {(byte) value});
    }

    private static ByteString header(int kind, Instant time) {
        return ByteString.copyFrom(
                ByteBuffer.allocate(HEADER_BYTES)
                        .put((byte) VERSION)
                        .put((byte) kind)
                        .putLong(time.toEpochMilli())
                        .flip());
    }

    private static int kind(ByteString record) throws LedgerFormatException {
        need(record, 0, HEADER_BYTES, "header");
        if (record.byteAt(0) != VERSION) {
            throw bad(0, "version", record.byteAt(0) + ", expected " + VERSION);
        }
        return record.byteAt(1);
    }

    /** When a record was written; any record that was decoded has it. */
    static Instant time(ByteString record) {
        return Instant.ofEpochMilli(
                record.substring(2, HEADER_BYTES).asReadOnlyByteBuffer().getLong());
    }

    private static void need(ByteString record, int at, int count, String field)
            throws LedgerFormatException {
        if (record.size() < at + count) {
            throw bad(at, field, at + count + " bytes needed, the record has " + record.size());
        }
    }

    private static LedgerFormatException bad(int position, String field, String problem) {
        return new LedgerFormatException("record", position, field, problem);
    }
}
