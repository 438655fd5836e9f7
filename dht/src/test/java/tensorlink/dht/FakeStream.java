package tensorlink.dht;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import tensorlink.p2p.core.Connection;
import tensorlink.p2p.core.ProtocolId;
import tensorlink.p2p.core.Purpose;
import tensorlink.p2p.core.Stream;
import tensorlink.p2p.core.StreamResetException;
import tensorlink.p2p.core.StreamTimeoutException;

/** One end of a pair of pipes in memory. */
final class FakeStream implements Stream {
    private static final int WINDOW = 256 * 1024;

    private final FakeNetwork network;
    private final ProtocolId protocol;
    private final FakeConnection connection;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();

    /** Chunks that arrived and were not read. */
    private final ArrayDeque<MemorySegment> arrived = new ArrayDeque<>();

    private FakeStream other = this;
    private long credit = WINDOW;
    private boolean remoteEnded;
    private boolean weEnded;
    private boolean closed;
    private boolean reset;
    private Duration limit = Duration.ZERO;
    private long waits;
    private long timedOut = -1;

    private FakeStream(FakeNetwork network, ProtocolId protocol, FakeConnection connection) {
        this.network = network;
        this.protocol = protocol;
        this.connection = connection;
    }

    static List<FakeStream> pair(
            FakeNetwork network, ProtocolId protocol, FakeConnection here, FakeConnection there) {
        var near = new FakeStream(network, protocol, here);
        var far = new FakeStream(network, protocol, there);
        near.other = far;
        far.other = near;
        here.add(near);
        there.add(far);
        return List.of(near, far);
    }

    @Override
    public ProtocolId protocol() {
        return protocol;
    }

    @Override
    public Connection connection() {
        return connection;
    }

    @Override
    public int read(MemorySegment target) throws IOException, InterruptedException {
        int count = take(target);
        if (count > 0) {
            travel(() -> other.grant(count));
        }
        return count;
    }

    private int take(MemorySegment target) throws IOException, InterruptedException {
        lock.lock();
        try {
            long wait = startWait();
            while (arrived.isEmpty()) {
                requireAlive(wait);
                if (remoteEnded) {
                    return -1;
                }
                changed.await();
            }
            requireAlive(wait);
            var chunk = arrived.pop();
            long count = Math.min(chunk.byteSize(), target.byteSize());
            MemorySegment.copy(chunk, 0, target, 0, count);
            if (count < chunk.byteSize()) {
                arrived.push(chunk.asSlice(count));
            }
            return (int) count;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void write(MemorySegment source) throws IOException, InterruptedException {
        var bytes = MemorySegment.ofArray(source.toArray(ValueLayout.JAVA_BYTE));
        try {
            spend(bytes.byteSize());
        } catch (StreamTimeoutException | InterruptedException torn) {
            reset();
            throw torn;
        }
        travel(() -> other.arrive(bytes));
    }

    private void spend(long bytes) throws IOException, InterruptedException {
        lock.lock();
        try {
            long wait = startWait();
            requireAlive(wait);
            if (weEnded) {
                throw new StreamResetException("our side is closed");
            }
            while (credit < bytes) {
                changed.await();
                requireAlive(wait);
            }
            credit -= bytes;
        } finally {
            lock.unlock();
        }
    }

    private long startWait() {
        long wait = ++waits;
        if (!limit.isZero()) {
            network.scheduler().after(limit, () -> timeOut(wait));
        }
        return wait;
    }

    private void timeOut(long wait) {
        lock.lock();
        try {
            timedOut = wait;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void requireAlive(long wait) throws IOException {
        if (reset) {
            throw new StreamResetException("stream was reset");
        }
        if (timedOut == wait) {
            throw new StreamTimeoutException("no byte for " + limit);
        }
    }

    private void travel(Runnable arrival) {
        var away = connection.remote();
        network.later(() -> {
            if (!connection.local().isGone() && !away.isGone()) {
                arrival.run();
            }
        });
    }

    private void arrive(MemorySegment bytes) {
        lock.lock();
        try {
            if (!closed && !reset && bytes.byteSize() > 0) {
                arrived.add(bytes);
                changed.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    private void grant(long bytes) {
        lock.lock();
        try {
            credit += bytes;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void end() {
        lock.lock();
        try {
            remoteEnded = true;
            changed.signalAll();
            forgetIfOver();
        } finally {
            lock.unlock();
        }
    }

    private void die() {
        lock.lock();
        try {
            reset = true;
            arrived.clear();
            changed.signalAll();
            connection.remove(this);
        } finally {
            lock.unlock();
        }
    }

    private void forgetIfOver() {
        if (remoteEnded && weEnded) {
            connection.remove(this);
        }
    }

    @Override
    public void closeWrite() {
        lock.lock();
        try {
            if (weEnded) {
                return;
            }
            weEnded = true;
            forgetIfOver();
        } finally {
            lock.unlock();
        }
        travel(other::end);
    }

    @Override
    public void reset() {
        die();
        travel(other::die);
    }

    @Override
    public void close() {
        closeWrite();
        lock.lock();
        try {
            closed = true;
            arrived.clear();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void purpose(Purpose kind) {}

    @Override
    public void timeout(Duration newLimit) {
        lock.lock();
        try {
            limit = newLimit;
        } finally {
            lock.unlock();
        }
    }
}
