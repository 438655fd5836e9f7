package tensorlink.ledger.file;

import com.google.protobuf.ByteString;
import java.io.EOFException;
import java.util.Arrays;
import java.util.concurrent.locks.ReentrantLock;

/** Storage that lasts as long as the object: for tests and simulations. */
final class MemoryStorage implements Storage {
    private final ReentrantLock lock = new ReentrantLock();
    private byte[] bytes;
    private int length;
    private ByteString snapshot = ByteString.EMPTY;

    MemoryStorage() {
        this(new byte[0]);
    }

    MemoryStorage(byte[] content) {
        this.bytes = content.clone();
        this.length = content.length;
    }

    @Override
    public String name() {
        return "memory";
    }

    @Override
    public long length() {
        lock.lock();
        try {
            return length;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void read(long position, byte[] into) throws EOFException {
        lock.lock();
        try {
            if (position + into.length > length) {
                throw new EOFException(position + into.length + " is beyond " + length);
            }
            System.arraycopy(bytes, (int) position, into, 0, into.length);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void append(byte[] more) {
        lock.lock();
        try {
            int end = Math.addExact(length, more.length);
            if (end > bytes.length) {
                bytes = Arrays.copyOf(bytes, (int) Math.min(Integer.MAX_VALUE - 8, 2L * end));
            }
            System.arraycopy(more, 0, bytes, length, more.length);
            length = end;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void force() {}

    @Override
    public void truncate(long newLength) {
        lock.lock();
        try {
            length = (int) Math.min(length, newLength);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public ByteString snapshot() {
        lock.lock();
        try {
            return snapshot;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void keep(ByteString newest) {
        lock.lock();
        try {
            snapshot = newest;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() {}
}
