package tensorlink.ledger.file;

import com.google.protobuf.ByteString;
import java.io.Closeable;
import java.io.IOException;

/**
 * Bytes that only grow, but for a torn end that is cut off, and beside them one snapshot. One
 * thread at a time changes them; any may read what is there.
 */
interface Storage extends Closeable {

    /** What error messages call it. */
    String name();

    long length() throws IOException;

    /** Fills {@code into} with the bytes from {@code position}, all of which exist. */
    void read(long position, byte[] into) throws IOException;

    void append(byte[] bytes) throws IOException;

    /** Returns when all that was appended would survive a loss of power. */
    void force() throws IOException;

    void truncate(long length) throws IOException;

    /** The last snapshot that was {@linkplain #keep kept}; empty when there is none. */
    ByteString snapshot() throws IOException;

    /** Replaces the snapshot; after a loss of power it is there whole, or the one before is. */
    void keep(ByteString snapshot) throws IOException;
}
