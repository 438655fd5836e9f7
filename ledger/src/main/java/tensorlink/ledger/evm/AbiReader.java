package tensorlink.ledger.evm;

import com.google.protobuf.ByteString;
import java.math.BigInteger;
import java.time.Instant;
import tensorlink.ledger.Account;
import tensorlink.ledger.Amount;
import tensorlink.ledger.Bytes32;

/**
 * Takes apart what a contract answers: words of 32 bytes, one field after the other.
 *
 * <p>Offsets and lengths are checked against the data before anything is taken or allocated, so
 * that a lying node gets an {@link RpcFormatException} and nothing else.
 */
public final class AbiReader {
    /** Bytes of a word. */
    public static final int WORD = 32;

    private static final long YEAR_9999 = Instant.parse("9999-12-31T23:59:59Z").getEpochSecond();

    private final String source;
    private final ByteString data;
    private int position;

    /**
     * @param source of the data, for error messages
     */
    public AbiReader(String source, ByteString data) {
        this(source, data, 0);
    }

    private AbiReader(String source, ByteString data, int position) {
        this.source = source;
        this.data = data;
        this.position = position;
    }

    public ByteString word(String field) throws RpcFormatException {
        if (data.size() - position < WORD) {
            throw bad(field, "missing: the data has " + data.size() + " bytes");
        }
        position += WORD;
        return data.substring(position - WORD, position);
    }

    public Bytes32 bytes32(String field) throws RpcFormatException {
        return new Bytes32(word(field));
    }

    /** A number of at most {@code bits} bits. */
    public BigInteger integer(String field, int bits) throws RpcFormatException {
        var value = new BigInteger(1, word(field).toByteArray());
        if (value.bitLength() > bits) {
            throw bad(field, "more than " + bits + " bits: 0x" + value.toString(16));
        }
        return value;
    }

    public Amount amount(String field) throws RpcFormatException {
        return new Amount(integer(field, 8 * Amount.SIZE));
    }

    public long number(String field) throws RpcFormatException {
        return integer(field, Long.SIZE - 1).longValue();
    }

    public boolean bool(String field) throws RpcFormatException {
        return integer(field, 1).signum() != 0;
    }

    public Instant time(String field) throws RpcFormatException {
        long seconds = number(field);
        if (seconds > YEAR_9999) {
            throw bad(field, seconds + " is after the year 9999");
        }
        return Instant.ofEpochSecond(seconds);
    }

    public Account account(String field) throws RpcFormatException {
        int gap = WORD - Account.SIZE;
        var word = word(field);
        for (int i = 0; i < gap; i++) {
            if (word.byteAt(i) != 0) {
                throw bad(field, "not an account: " + RpcValue.hex(word));
            }
        }
        return new Account(word.substring(gap));
    }

    /** What begins at the offset that this field holds, counted from {@code base} of the data. */
    public AbiReader at(String field, int base) throws RpcFormatException {
        var offset = integer(field, 256);
        if (offset.bitLength() > 31 || base + offset.longValue() > data.size()) {
            throw bad(field, "offset " + offset + " is past the end, " + data.size());
        }
        return new AbiReader(source, data, base + offset.intValue());
    }

    /** The length of a list whose elements take {@code size} bytes each. */
    public int count(String field, int size) throws RpcFormatException {
        var count = integer(field, 256);
        int most = (data.size() - position) / size;
        if (count.bitLength() > 31 || count.intValue() > most) {
            throw bad(field, "length " + count + ", the data holds " + most);
        }
        return count.intValue();
    }

    public ByteString bytes(String field) throws RpcFormatException {
        int length = count(field, 1);
        position += length;
        return data.substring(position - length, position);
    }

    public int position() {
        return position;
    }

    private RpcFormatException bad(String field, String problem) {
        return new RpcFormatException(source + " " + field, problem);
    }
}
