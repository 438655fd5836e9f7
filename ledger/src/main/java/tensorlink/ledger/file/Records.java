package tensorlink.ledger.file;

import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import tensorlink.ledger.Account;
import tensorlink.ledger.Amount;
import tensorlink.ledger.Deposit;
import tensorlink.ledger.Issuance;
import tensorlink.ledger.JobClosing;
import tensorlink.ledger.JobOpening;
import tensorlink.ledger.LedgerFormatException;
import tensorlink.ledger.Message;
import tensorlink.ledger.Signed;
import tensorlink.ledger.SignedAgreement;
import tensorlink.ledger.Voucher;

/**
 * The canonical bytes of the log's records: {@code version u8 | kind u8 | time i64 | body},
 * big-endian, the time in milliseconds since 1970.
 *
 * <p>Bodies: genesis {@code issuer 20 | network id}; issued and deposited {@code amount 16 | signed
 * message}; job opened, agreement recorded and job closed just the signed message; settled {@code
 * count u16} and as many times {@code amount 16 | signed voucher}.
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

    private static final int COUNT_BYTES = 2;
    private static final int AFTER_AMOUNT = HEADER_BYTES + Amount.SIZE;

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
                    header(ISSUED, time).concat(amount.encode()).concat(issuance.encode());
            case Entry.Deposited(var deposit, var amount) ->
                    header(DEPOSITED, time).concat(amount.encode()).concat(deposit.encode());
            case Entry.JobOpened(var opening) -> header(JOB_OPENED, time).concat(opening.encode());
            case Entry.AgreementRecorded(var agreement) ->
                    header(AGREEMENT_RECORDED, time).concat(agreement.encode());
            case Entry.JobClosed(var closing) -> header(JOB_CLOSED, time).concat(closing.encode());
            case Entry.Settled(var payments) -> {
                var parts = new ArrayList<ByteString>();
                parts.add(header(SETTLED, time));
                parts.add(
                        ByteString.copyFrom(
                                ByteBuffer.allocate(COUNT_BYTES)
                                        .putShort(0, (short) payments.size())));
                for (var payment : payments) {
                    parts.add(payment.amount().encode());
                    parts.add(payment.voucher().encode());
                }
                yield ByteString.copyFrom(parts);
            }
        };
    }

    static Stamped decode(ByteString record) throws LedgerFormatException {
        int kind = kind(record);
        var time = time(record);
        return new Stamped(time, entry(kind, record));
    }

    private static Entry entry(int kind, ByteString record) throws LedgerFormatException {
        int end = record.size();
        return switch (kind) {
            case ISSUED ->
                    new Entry.Issued(
                            read(record, AFTER_AMOUNT, end, signed(Issuance::decode)),
                            amount(record, HEADER_BYTES));
            case DEPOSITED ->
                    new Entry.Deposited(
                            read(record, AFTER_AMOUNT, end, signed(Deposit::decode)),
                            amount(record, HEADER_BYTES));
            case JOB_OPENED ->
                    new Entry.JobOpened(
                            read(record, HEADER_BYTES, end, signed(JobOpening::decode)));
            case AGREEMENT_RECORDED ->
                    new Entry.AgreementRecorded(
                            read(record, HEADER_BYTES, end, SignedAgreement::decode));
            case JOB_CLOSED ->
                    new Entry.JobClosed(
                            read(record, HEADER_BYTES, end, signed(JobClosing::decode)));
            case SETTLED -> settled(record);
            default -> throw bad(1, "kind", "unknown: " + kind);
        };
    }

    private static Entry.Settled settled(ByteString record) throws LedgerFormatException {
        need(record, HEADER_BYTES, COUNT_BYTES, "count");
        int count = record.substring(HEADER_BYTES).asReadOnlyByteBuffer().getShort() & 0xffff;
        int start = HEADER_BYTES + COUNT_BYTES;
        int each = count == 0 ? 0 : (record.size() - start) / count;
        if (each <= Amount.SIZE || start + count * each != record.size()) {
            throw bad(HEADER_BYTES, "count", count + " payments in " + record.size() + " bytes");
        }
        var payments = new ArrayList<Entry.Payment>();
        for (int at = start; at < record.size(); at += each) {
            payments.add(
                    new Entry.Payment(
                            read(record, at + Amount.SIZE, at + each, signed(Voucher::decode)),
                            amount(record, at)));
        }
        return new Entry.Settled(payments);
    }

    private static <M extends Message> Signed.Format<Signed<M>> signed(Signed.Format<M> format) {
        return bytes -> Signed.decode(bytes, format);
    }

    private static <T> T read(ByteString record, int from, int to, Signed.Format<T> format)
            throws LedgerFormatException {
        need(record, from, 0, "message");
        try {
            return format.decode(record.substring(from, to));
        } catch (LedgerFormatException e) {
            throw e.within("record", from);
        }
    }

    private static Amount amount(ByteString record, int at) throws LedgerFormatException {
        need(record, at, Amount.SIZE, "amount");
        return Amount.decode(record.substring(at, at + Amount.SIZE));
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
