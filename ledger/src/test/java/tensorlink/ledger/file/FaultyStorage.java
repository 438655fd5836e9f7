package tensorlink.ledger.file;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.util.Arrays;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** Storage in memory that fills up, fails to force, or waits to be let through. */
final class FaultyStorage implements Storage {
    final MemoryStorage bytes = new MemoryStorage();
    final AtomicInteger forces = new AtomicInteger();

    /** How many more bytes it takes before it says that it is full. */
    final AtomicLong room = new AtomicLong(Long.MAX_VALUE);

    volatile boolean forceFails;

    /** Released once by each force that has begun, and needed by each to end. */
    final Semaphore begun = new Semaphore(0);

    final Semaphore allowed = new Semaphore(Integer.MAX_VALUE);

    @Override
    public String name() {
        return "faulty";
    }

    @Override
    public long length() {
        return bytes.length();
    }

    @Override
    public void read(long position, byte[] into) throws IOException {
        bytes.read(position, into);
    }

    @Override
    public void append(byte[] more) throws IOException {
        int fits = (int) Math.min(room.get(), more.length);
        bytes.append(Arrays.copyOf(more, fits));
        room.addAndGet(-fits);
        if (fits < more.length) {
            throw new IOException("No space left on device");
        }
    }

    @Override
    public void force() throws IOException {
        forces.incrementAndGet();
        begun.release();
        allowed.acquireUninterruptibly();
        if (forceFails) {
            throw new IOException("Input/output error");
        }
    }

    @Override
    public void truncate(long length) {
        bytes.truncate(length);
    }

    @Override
    public ByteString snapshot() {
        return bytes.snapshot();
    }

    @Override
    public void keep(ByteString snapshot) throws IOException {
        if (forceFails) {
            throw new IOException("Input/output error");
        }
        bytes.keep(snapshot);
    }

    @Override
    public void close() {}
}
