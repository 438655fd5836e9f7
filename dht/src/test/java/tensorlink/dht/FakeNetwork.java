package tensorlink.dht;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.core.WrongPeerException;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.PeerId;

/**
 * Many hosts in one process: streams are pipes in memory, and every message takes the same time.
 *
 * <p>Nothing is encrypted or negotiated byte by byte, but what the code above a {@link
 * tensorlink.p2p.core.Host} can notice is there: dials that fail, hang or find somebody else,
 * identify that comes after the connection, windows, resets, and hosts that vanish without a word.
 */
final class FakeNetwork {
    static final Duration DIAL_TIMEOUT = Duration.ofSeconds(5);

    private final Scheduler scheduler;
    private final Duration latency;
    private final Map<Multiaddr, FakeHost> hosts = new ConcurrentHashMap<>();
    private final AtomicInteger numbers = new AtomicInteger();

    FakeNetwork(Scheduler scheduler, Duration latency) {
        this.scheduler = scheduler;
        this.latency = latency;
    }

    Scheduler scheduler() {
        return scheduler;
    }

    Duration latency() {
        return latency;
    }

    /** A new host with an identity and an address of its own, always the same ones in a test. */
    FakeHost host() {
        int number = numbers.incrementAndGet();
        var seed = ByteBuffer.allocate(32).putInt(number).rewind();
        var address =
                Multiaddr.parse("/ip4/10.0." + number / 256 + "." + number % 256 + "/tcp/4001");
        var host = new FakeHost(this, KeyPair.ofSeed(ByteString.copyFrom(seed)), address);
        hosts.put(address, host);
        return host;
    }

    /** Frees the address of a host that has closed: dials there are refused. */
    void remove(FakeHost host) {
        hosts.remove(host.address());
    }

    /** Makes {@code host} answer dials to {@code address} too. */
    void alsoAt(Multiaddr address, FakeHost host) {
        hosts.put(address, host);
    }

    FakeHost dial(Multiaddr address, PeerId expected) throws IOException, InterruptedException {
        pause(2);
        var found = hosts.get(address);
        if (found == null) {
            throw new ConnectException("connection refused");
        }
        if (found.isGone()) {
            scheduler.sleep(DIAL_TIMEOUT);
            throw new SocketTimeoutException("no answer within " + DIAL_TIMEOUT);
        }
        pause(4);
        if (!found.id().equals(expected)) {
            throw new WrongPeerException(expected, found.id());
        }
        return found;
    }

    /** Waits as long as {@code messages} take one after the other. */
    void pause(int messages) throws InterruptedException {
        if (!latency.isZero()) {
            scheduler.sleep(latency.multipliedBy(messages));
        }
    }

    /** Does {@code arrival} when a message sent now arrives. */
    void later(Runnable arrival) {
        if (latency.isZero()) {
            arrival.run();
        } else {
            scheduler.after(latency, arrival);
        }
    }

    static void waitForever() throws InterruptedException {
        new CountDownLatch(1).await();
    }
}
