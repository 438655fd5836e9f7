package tensorlink.ledger.file;

import com.google.protobuf.ByteString;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tensorlink.ledger.Bytes32;
import tensorlink.ledger.LedgerException;
import tensorlink.ledger.LedgerFormatException;
import tensorlink.ledger.file.Frames.Frame;

/**
 * An append-only log of records, each bound to all before it by its hash; {@link Frames} has the
 * form.
 *
 * <p>Appending only queues; {@link #sync} makes durable. Whoever finds nobody at it writes and
 * forces for all who have queued by then, without holding the lock; those who queue meanwhile wait
 * together and are served by the next one: concurrent appenders share forces. They wait for a
 * condition and not for a lock, which would let them in one by one, and the first in would force
 * for itself alone. When the disk fails once, it is not tried again, since nobody knows what it
 * holds: the log stops, and all that waits or comes is refused.
 */
final class HashLog implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(HashLog.class);

    private final Storage storage;

    /** Guards all below. */
    private final ReentrantLock lock = new ReentrantLock();

    private final Condition flushed = lock.newCondition();
    private final ByteArrayOutputStream queue = new ByteArrayOutputStream();
    private long[] positions = new long[64];
    private int size;
    private long end;
    private Bytes32 hash = Bytes32.ZERO;

    private int durable;
    private boolean flushing;
    private boolean closed;
    private volatile String stopped = "";

    /** Takes the records of a log that is being opened. */
    @FunctionalInterface
    interface Replay {
        /**
         * Takes the next one; {@code position} is that of the record's first byte in the file.
         *
         * @throws LedgerFormatException when it does not belong there
         */
        void record(int index, long position, ByteString record) throws IOException;
    }

    /**
     * A place between two records.
     *
     * @param lengths of the records before it, four bytes each
     * @param hash of the last of them
     */
    record Place(ByteString lengths, Bytes32 hash) {
        int size() {
            return lengths.size() / Integer.BYTES;
        }
    }

    private HashLog(Storage storage) {
        this.storage = storage;
    }

    /**
     * Checks all of {@code storage}, gives its records to {@code replay} in order, and cuts a torn
     * end.
     *
     * @throws LedgerFormatException when anything but the end is damaged
     */
    static HashLog open(Storage storage, Replay replay) throws IOException {
        return open(storage, Optional.empty(), replay);
    }

    /**
     * The same for a log whose records before a place are known to be good: it is checked that the
     * log reaches it, and only what follows is replayed.
     *
     * @throws LedgerFormatException also when the log does not have the place's last record
     */
    static HashLog open(Storage storage, Optional<Place> known, Replay replay) throws IOException {
        var opened = new HashLog(storage);
        if (known.isPresent() && known.get().size() > 0) {
            opened.skipTo(known.get());
        }
        opened.replay(replay);
        opened.durable = opened.size;
        return opened;
    }

    private void skipTo(Place place) throws IOException {
        end = Frames.MAGIC.size();
        var lengths = place.lengths.asReadOnlyByteBuffer();
        while (lengths.hasRemaining()) {
            addFrame(lengths.getInt(), Bytes32.ZERO);
        }
        long last = positions[size - 1];
        if (storage.length() < end) {
            throw Frames.damage(
                    storage,
                    storage.length(),
                    "end",
                    "the snapshot knows records up to byte " + end);
        }
        var before = size == 1 ? Bytes32.ZERO : Frames.hashAt(storage, positions[size - 2]);
        if (!(Frames.read(storage, last, end, before) instanceof Frame.Whole(var _, var found))
                || !found.equals(place.hash)) {
            throw Frames.damage(storage, last, "hash", "not the record that the snapshot knows");
        }
        hash = place.hash;
    }

    private void replay(Replay replay) throws IOException {
        long length = storage.length();
        if (!hasMagic(length)) {
            storage.truncate(0);
            storage.append(Frames.MAGIC.toByteArray());
            storage.force();
            length = Frames.MAGIC.size();
        }
        end = Math.max(end, Frames.MAGIC.size());
        while (end < length) {
            switch (Frames.read(storage, end, length, hash)) {
                case Frame.Whole(var record, var next) -> {
                    replay.record(size, end + Frames.HEADER_BYTES, record);
                    add(record, next);
                }
                case Frame.Torn() -> {
                    log.warn("{}: cut {} torn bytes at {}", storage.name(), length - end, end);
                    storage.truncate(end);
                    storage.force();
                    return;
                }
            }
        }
    }

    /** False when the file is new, or its creation was cut short. */
    private boolean hasMagic(long length) throws IOException {
        var start = new byte[(int) Math.min(length, Frames.MAGIC.size())];
        storage.read(0, start);
        var found = ByteString.copyFrom(start);
        if (found.equals(Frames.MAGIC)) {
            return true;
        }
        var nothing = ByteString.copyFrom(new byte[start.length]);
        if (length <= Frames.MAGIC.size()
                && (Frames.MAGIC.startsWith(found) || found.equals(nothing))) {
            return false;
        }
        throw Frames.damage(storage, 0, "magic", "not a ledger");
    }

    /**
     * Queues {@code record} and returns its index; {@link #sync} it before telling anyone.
     *
     * @throws IllegalArgumentException when it is empty or longer than a frame holds
     */
    int append(ByteString record) {
        if (record.isEmpty() || record.size() > Frames.RECORD_BYTES_MAX) {
            throw new IllegalArgumentException("a record of " + record.size() + " bytes");
        }
        lock.lock();
        try {
            var next = Frames.hash(hash, record);
            queue.writeBytes(Frames.write(record, next));
            return add(record, next);
        } finally {
            lock.unlock();
        }
    }

    private int add(ByteString record, Bytes32 next) {
        return addFrame(record.size(), next);
    }

    private int addFrame(int recordBytes, Bytes32 next) {
        if (size == positions.length) {
            positions = Arrays.copyOf(positions, Math.multiplyExact(2, size));
        }
        positions[size] = end;
        end += Frames.HEADER_BYTES + recordBytes;
        hash = next;
        return size++;
    }

    /** Where the log is now. */
    Place place() {
        lock.lock();
        try {
            var lengths = ByteBuffer.allocate(Math.multiplyExact(Integer.BYTES, size));
            for (int i = 0; i < size; i++) {
                long next = i + 1 == size ? end : positions[i + 1];
                lengths.putInt((int) (next - positions[i]) - Frames.HEADER_BYTES);
            }
            return new Place(ByteString.copyFrom(lengths.flip()), hash);
        } finally {
            lock.unlock();
        }
    }

    /** Returns when the records up to {@code index} would survive a loss of power. */
    void sync(int index) throws LedgerException {
        lock.lock();
        try {
            while (index >= durable) {
                requireRunning();
                if (flushing) {
                    flushed.awaitUninterruptibly();
                } else {
                    flush();
                }
            }
        } finally {
            lock.unlock();
        }
    }

    /** Makes durable what is queued; the lock is held before and after, and not meanwhile. */
    private void flush() throws LedgerException {
        var batch = queue.toByteArray();
        int upTo = size;
        queue.reset();
        flushing = true;
        lock.unlock();
        var problem = "writing to " + storage.name() + " failed";
        try {
            storage.append(batch);
            storage.force();
            problem = "";
        } catch (IOException e) {
            problem += ": " + e.getMessage();
            throw new LedgerException(problem, e);
        } finally {
            lock.lock();
            flushing = false;
            stopped = problem;
            durable = problem.isEmpty() ? upTo : durable;
            flushed.signalAll();
        }
    }

    /** The record at {@code index}, which is durable, with its place in the chain checked again. */
    ByteString read(int index) throws IOException {
        long position = positionOf(index);
        long next = positionOf(index + 1);
        var previous = index == 0 ? Bytes32.ZERO : Frames.hashAt(storage, positionOf(index - 1));
        return switch (Frames.read(storage, position, next, previous)) {
            case Frame.Whole(var record, var _) -> record;
            case Frame.Torn() -> throw Frames.damage(storage, position, "frame", "it was whole");
        };
    }

    /** Where the record at {@code index} begins; for the one after the last, where it will. */
    private long positionOf(int index) {
        lock.lock();
        try {
            return index == size ? end : positions[index];
        } finally {
            lock.unlock();
        }
    }

    /** How many records there are, queued ones included. */
    int size() {
        lock.lock();
        try {
            return size;
        } finally {
            lock.unlock();
        }
    }

    /** The hash of the last record: it stands for all of them. */
    Bytes32 hash() {
        lock.lock();
        try {
            return hash;
        } finally {
            lock.unlock();
        }
    }

    /** Refuses to go on after a failure or a close. */
    void requireRunning() throws LedgerException {
        if (!stopped.isEmpty()) {
            throw new LedgerException("the ledger has stopped: " + stopped);
        }
    }

    /** Makes durable what is queued, and closes the storage. */
    @Override
    public void close() throws IOException {
        lock.lock();
        try {
            while (flushing) {
                flushed.awaitUninterruptibly();
            }
            if (!closed) {
                closed = true;
                closeOnce();
            }
        } finally {
            lock.unlock();
        }
    }

    private void closeOnce() throws IOException {
        try (storage) {
            if (stopped.isEmpty() && durable < size) {
                flush();
            }
        } finally {
            stopped = stopped.isEmpty() ? "it is closed" : stopped;
        }
    }
}
