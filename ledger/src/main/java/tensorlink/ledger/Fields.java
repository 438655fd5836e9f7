package tensorlink.ledger;

import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.List;
import java.util.Locale;

/**
 * The canonical form of messages: kind, version, then fields of fixed length, big-endian, nothing
 * optional and nothing after the last. So one value has one encoding, and each length is known
 * before a byte is read.
 */
final class Fields {
    static final int VERSION = 1;

    /** What an encoding holds; its code is its first byte and never changes. */
    enum Kind {
        ISSUANCE(1),
        DEPOSIT(2),
        JOB_OPENING(3),
        AGREEMENT(4),
        JOB_CLOSING(5),
        VOUCHER(6),
        USAGE_RECEIPT(7),
        PEER_BINDING(8),
        WITHDRAWAL(9),
        LOCK(10),
        STAKE(11),
        UNSTAKE(12),
        PEER_RECORD(13),
        FUNDING(14),
        REWARD_ROOT(15),
        ROOT_CANCEL(16),
        DISPUTE(17),
        VERDICT(18),
        LEDGER_HEAD(19);

        private final int code;

        Kind(int code) {
            this.code = code;
        }

        int code() {
            return code;
        }

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT).replace('_', ' ');
        }
    }

    private final String source;
    private final ByteString bytes;
    private int position;

    private Fields(String source, ByteString bytes) {
        this.source = source;
        this.bytes = bytes;
    }

    /** Builds a value from its fields; what its constructor refuses becomes a format error. */
    @FunctionalInterface
    interface Body<T> {
        T read(Fields in) throws LedgerFormatException;
    }

    static <T> T decode(Kind kind, ByteString bytes, Body<T> body) throws LedgerFormatException {
        var in = new Fields(kind.toString(), bytes);
        in.expect("kind", kind.code());
        in.expect("version", VERSION);
        T value;
        try {
            value = body.read(in);
        } catch (IllegalArgumentException refused) {
            throw in.bad(2, "fields", String.valueOf(refused.getMessage()));
        }
        if (in.position != bytes.size()) {
            throw in.bad(in.position, "end", bytes.size() - in.position + " bytes too many");
        }
        return value;
    }

    /** A signature that stands alone, at {@code position} of the source it came from. */
    static Signature65 signature(String field, int position, ByteString bytes)
            throws LedgerFormatException {
        try {
            return new Signature65(bytes);
        } catch (IllegalArgumentException refused) {
            throw new LedgerFormatException(
                    "message", position, field, String.valueOf(refused.getMessage()));
        }
    }

    Account account(String field) throws LedgerFormatException {
        return new Account(take(field, Account.SIZE));
    }

    Amount amount(String field) throws LedgerFormatException {
        return Amount.decode(take(field, Amount.SIZE));
    }

    Bytes32 bytes32(String field) throws LedgerFormatException {
        return new Bytes32(take(field, Bytes32.SIZE));
    }

    Signature65 signature(String field) throws LedgerFormatException {
        int at = position;
        return signature(field, at, take(field, Signature65.SIZE));
    }

    Instant time(String field) throws LedgerFormatException {
        int at = position;
        long seconds = number(field);
        if (seconds > Seconds.MAX) {
            throw bad(at, field, seconds + " is after the year 9999");
        }
        return Instant.ofEpochSecond(seconds);
    }

    /** An unsigned number of 8 bytes that fits a {@code long}. */
    long number(String field) throws LedgerFormatException {
        int at = position;
        long value = take(field, Long.BYTES).asReadOnlyByteBuffer().getLong();
        if (value < 0) {
            throw bad(at, field, Long.toUnsignedString(value) + " is more than 2^63-1");
        }
        return value;
    }

    int octet(String field) throws LedgerFormatException {
        return take(field, 1).byteAt(0) & 0xff;
    }

    /** As many bytes as the octet before them says. */
    ByteString counted(String field) throws LedgerFormatException {
        return take(field, octet(field));
    }

    /** As many bytes as the two octets before them say. */
    ByteString countedLong(String field) throws LedgerFormatException {
        return take(field, octet(field) << 8 | octet(field));
    }

    LedgerFormatException bad(int at, String field, String problem) {
        return new LedgerFormatException(source, at, field, problem);
    }

    private void expect(String field, int expected) throws LedgerFormatException {
        int at = position;
        int found = octet(field);
        if (found != expected) {
            throw bad(at, field, found + ", expected " + expected);
        }
    }

    private ByteString take(String field, int size) throws LedgerFormatException {
        if (bytes.size() - position < size) {
            throw bad(
                    position,
                    field,
                    size + " bytes needed, " + (bytes.size() - position) + " left");
        }
        position += size;
        return bytes.substring(position - size, position);
    }

    /** What {@link #decode} reads, from the parts below. */
    static ByteString encode(Kind kind, ByteString... fields) {
        var header = ByteString.copyFrom(new byte[] {(byte) kind.code(), VERSION});
        return header.concat(ByteString.copyFrom(List.of(fields)));
    }

    static ByteString number(long value) {
        return ByteString.copyFrom(ByteBuffer.allocate(Long.BYTES).putLong(0, value));
    }

    static ByteString time(Instant time) {
        return number(time.getEpochSecond());
    }

    static ByteString octet(int value) {
        return ByteString.copyFrom(new byte[] {(byte) value});
    }
}
