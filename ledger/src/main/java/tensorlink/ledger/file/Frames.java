package tensorlink.ledger.file;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;
import tensorlink.ledger.Bytes32;
import tensorlink.ledger.LedgerFormatException;

/**
 * The form of the log's file: the magic {@code TLLEDGER}, then frames of {@code length u32 |
 * crc32c(length) u32 | hash 32 | record}, big-endian.
 *
 * <p>hash = keccak(previous hash ‖ record); before the first frame it is zero. The length has a
 * check of its own because a wrong length would otherwise look like a torn end, and cutting there
 * would lose good records.
 *
 * <p>A crash leaves the last write incomplete: a prefix of it, or zeros where a sector did not
 * reach the disk. Only that is {@link Frame.Torn}; anything else that is wrong is damage.
 */
final class Frames {
    static final ByteString MAGIC = ByteString.copyFromUtf8("TLLEDGER");
    static final int LENGTH_BYTES = 8;
    static final int HEADER_BYTES = LENGTH_BYTES + Bytes32.SIZE;
    static final int RECORD_BYTES_MAX = 1 << 20;

    private static final int SECTOR = 512;

    private Frames() {}

    /** What is found where a frame should be. */
    sealed interface Frame {
        record Whole(ByteString record, Bytes32 hash) implements Frame {}

        record Torn() implements Frame {}
    }

    /** The bytes of a frame, whose hash is {@link #hash} of the one before and {@code record}. */
    static byte[] write(ByteString record, Bytes32 hash) {
        var frame = ByteBuffer.allocate(HEADER_BYTES + record.size());
        frame.putInt(record.size()).putInt(crc(record.size()));
        hash.bytes().copyTo(frame);
        record.copyTo(frame);
        return frame.array();
    }

    static Bytes32 hash(Bytes32 previous, ByteString record) {
        return Bytes32.keccak(previous.bytes().concat(record));
    }

    /**
     * Reads the frame at {@code position} of a file of {@code length} bytes.
     *
     * @throws LedgerFormatException when it is damaged
     */
    static Frame read(Storage storage, long position, long length, Bytes32 previous)
            throws IOException {
        if (length - position < LENGTH_BYTES) {
            return new Frame.Torn();
        }
        var header = ByteBuffer.wrap(bytes(storage, position, LENGTH_BYTES));
        int size = header.getInt();
        if (header.getInt() != crc(size)) {
            return tornOr(
                    storage, position, position + LENGTH_BYTES, length, "length", "wrong check");
        }
        if (size < 1 || size > RECORD_BYTES_MAX) {
            throw damage(storage, position, "length", size + ", at most " + RECORD_BYTES_MAX);
        }
        long end = position + HEADER_BYTES + size;
        if (end > length) {
            return new Frame.Torn();
        }
        var body =
                ByteString.copyFrom(bytes(storage, position + LENGTH_BYTES, Bytes32.SIZE + size));
        var stored = new Bytes32(body.substring(0, Bytes32.SIZE));
        var record = body.substring(Bytes32.SIZE);
        if (!stored.equals(hash(previous, record))) {
            return tornOr(storage, position, end, length, "hash", "does not fit the record");
        }
        return new Frame.Whole(record, stored);
    }

    /** The hash of the frame at {@code position}, whose place is known. */
    static Bytes32 hashAt(Storage storage, long position) throws IOException {
        return new Bytes32(
                ByteString.copyFrom(bytes(storage, position + LENGTH_BYTES, Bytes32.SIZE)));
    }

    static LedgerFormatException damage(
            Storage storage, long position, String field, String problem) {
        return new LedgerFormatException(storage.name(), position, field, problem);
    }

    /** Torn if the frame's last sector and all behind it are zeros, else damaged. */
    private static Frame tornOr(
            Storage storage, long position, long end, long length, String field, String problem)
            throws IOException {
        long lastSector = (end - 1) / SECTOR * SECTOR;
        for (long at = Math.max(position, lastSector); at < length; at += SECTOR) {
            for (byte b : bytes(storage, at, (int) Math.min(SECTOR, length - at))) {
                if (b != 0) {
                    throw damage(storage, position, field, problem);
                }
            }
        }
        return new Frame.Torn();
    }

    private static byte[] bytes(Storage storage, long position, int count) throws IOException {
        var bytes = new byte[count];
        storage.read(position, bytes);
        return bytes;
    }

    private static int crc(int size) {
        var crc = new CRC32C();
        crc.update(ByteBuffer.allocate(Integer.BYTES).putInt(0, size));
        return (int) crc.getValue();
    }
}
