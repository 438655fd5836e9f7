package tensorlink.ledger.file;

import com.google.protobuf.ByteString;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import tensorlink.ledger.Account;
import tensorlink.ledger.Amount;
import tensorlink.ledger.Bytes32;
import tensorlink.ledger.LedgerFormatException;
import tensorlink.ledger.Signature65;
import tensorlink.ledger.Signed;

/** Takes a record's body apart, field by field; used once, by one thread. */
final class RecordReader {
    private static final int COUNT_BYTES = 2;

    private final ByteString record;
    private int position;

    RecordReader(ByteString record, int position) {
        this.record = record;
        this.position = position;
    }

    /** One element of a list. */
    @FunctionalInterface
    interface Element<T> {
        T read(RecordReader in) throws LedgerFormatException;
    }

    Account account(String field) throws LedgerFormatException {
        return new Account(take(field, Account.SIZE));
    }

    Amount amount(String field) throws LedgerFormatException {
        return Amount.decode(take(field, Amount.SIZE));
    }

    Bytes32 word(String field) throws LedgerFormatException {
        return new Bytes32(take(field, Bytes32.SIZE));
    }

    Signature65 signature(String field) throws LedgerFormatException {
        int at = position;
        var bytes = take(field, Signature65.SIZE);
        try {
            return new Signature65(bytes);
        } catch (IllegalArgumentException refused) {
            throw bad(at, field, String.valueOf(refused.getMessage()));
        }
    }

    /** A whole second that an {@code Instant} can be. */
    Instant time(String field) throws LedgerFormatException {
        int at = position;
        long seconds = take(field, Long.BYTES).asReadOnlyByteBuffer().getLong();
        if (seconds < 0 || seconds > Instant.MAX.getEpochSecond()) {
            throw bad(at, field, "not a time: " + seconds);
        }
        return Instant.ofEpochSecond(seconds);
    }

    Entry.Seat seat() throws LedgerFormatException {
        int at = position;
        int code = take("seat", 1).byteAt(0);
        for (var seat : Entry.Seat.values()) {
            if (seat.code() == code) {
                return seat;
            }
        }
        throw bad(at, "seat", "unknown: " + code);
    }

    /** A message of {@code size} bytes. */
    <T> T part(String field, int size, Signed.Format<T> format) throws LedgerFormatException {
        int at = position;
        return message(at, take(field, size), format);
    }

    /** The message that is all that is left. */
    <T> T rest(Signed.Format<T> format) throws LedgerFormatException {
        int at = position;
        return message(at, take("message", record.size() - position), format);
    }

    private static <T> T message(int at, ByteString bytes, Signed.Format<T> format)
            throws LedgerFormatException {
        try {
            return format.decode(bytes);
        } catch (LedgerFormatException e) {
            throw e.within("record", at);
        }
    }

    /** A count, then so many elements of one length, which are all that is left. */
    <T> List<T> list(String field, Element<T> element) throws LedgerFormatException {
        int at = position;
        int count = take(field, COUNT_BYTES).asReadOnlyByteBuffer().getShort() & 0xffff;
        int left = record.size() - position;
        if (count == 0 ? left != 0 : left % count != 0 || left == 0) {
            throw bad(at, field, count + " in " + left + " bytes");
        }
        var elements = new ArrayList<T>();
        for (int i = 0; i < count; i++) {
            int end = position + left / count;
            var one = new RecordReader(record.substring(0, end), position);
            try {
                elements.add(element.read(one));
            } catch (IllegalArgumentException refused) {
                throw bad(position, field, String.valueOf(refused.getMessage()));
            }
            one.requireEnd();
            position = end;
        }
        return elements;
    }

    void requireEnd() throws LedgerFormatException {
        if (position != record.size()) {
            throw bad(position, "end", record.size() - position + " bytes too many");
        }
    }

    private ByteString take(String field, int size) throws LedgerFormatException {
        if (record.size() - position < size) {
            throw bad(
                    position,
                    field,
                    position + size + " bytes needed, the record has " + record.size());
        }
        position += size;
        return record.substring(position - size, position);
    }

    private static LedgerFormatException bad(int position, String field, String problem) {
        return new LedgerFormatException("record", position, field, problem);
    }
}
