package tensorlink.p2p.swarm;

import java.net.InetAddress;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import tensorlink.p2p.core.Limits;

/**
 * Keeps one place on the network from taking what is there for all, before a byte is read. Counts
 * inbound connections by IPv4 address or IPv6 /56, which is what one customer usually has; loopback
 * is exempt. What it remembers is bounded: an address is forgotten once it has no connection and
 * its rate has recovered. Safe for use by any thread; time is in nanoseconds.
 */
final class AcceptGate {
    private static final long SECOND = 1_000_000_000;

    /** Above so many remembered addresses the recovered ones are swept out at once. */
    private static final int SWEEP_SIZE = 1024;

    private final Limits.Connections limits;

    private final ReentrantLock lock = new ReentrantLock();
    private final Map<String, Source> sources = new HashMap<>();

    AcceptGate(Limits.Connections limits) {
        this.limits = limits;
    }

    /** Asks for a place for a connection from {@code address}. */
    Admission admit(InetAddress address, long now) {
        lock.lock();
        try {
            var key = key(address);
            if (!address.isLoopbackAddress()) {
                if (sources.size() >= SWEEP_SIZE) {
                    sources.values().removeIf(source -> source.isForgettable(now));
                }
                var source = sources.computeIfAbsent(key, any -> new Source(now));
                if (source.connections >= limits.perAddressMax()) {
                    return new Admission.Refused(source.connections + " connections from there");
                }
                if (!source.take(now)) {
                    return new Admission.Refused("too many new connections from there");
                }
                source.connections++;
            }
            return new Admission.Admitted(new Place(key));
        } finally {
            lock.unlock();
        }
    }

    private static String key(InetAddress address) {
        var bytes = address.getAddress();
        return HexFormat.of().formatHex(bytes.length == 4 ? bytes : Arrays.copyOf(bytes, 7));
    }

    /** How many addresses are remembered. */
    int remembered() {
        lock.lock();
        try {
            return sources.size();
        } finally {
            lock.unlock();
        }
    }

    /** What came of a request for a place. */
    sealed interface Admission {
        record Admitted(Place place) implements Admission {}

        record Refused(String reason) implements Admission {}
    }

    /** A connection's claim on the limits; whoever got it gives it back. */
    final class Place implements AutoCloseable {
        private final String key;
        private boolean isGivenBack;

        private Place(String key) {
            this.key = key;
        }

        /** The connection is gone; idempotent. */
        @Override
        public void close() {
            lock.lock();
            try {
                if (isGivenBack) {
                    return;
                }
                isGivenBack = true;
                var source = sources.get(key);
                if (source != null) {
                    source.connections--;
                }
            } finally {
                lock.unlock();
            }
        }
    }

    /** One address: its connections, and a bucket that fills with time and pays for new ones. */
    private final class Source {
        private int connections;
        private double tokens = limits.acceptsAtOnce();
        private long filledAt;

        Source(long now) {
            filledAt = now;
        }

        boolean take(long now) {
            fill(now);
            if (tokens < 1) {
                return false;
            }
            tokens--;
            return true;
        }

        boolean isForgettable(long now) {
            fill(now);
            return connections == 0 && tokens >= limits.acceptsAtOnce();
        }

        private void fill(long now) {
            double earned = (double) (now - filledAt) / SECOND * limits.acceptsPerSecond();
            tokens = Math.min(limits.acceptsAtOnce(), tokens + earned);
            filledAt = now;
        }
    }
}
