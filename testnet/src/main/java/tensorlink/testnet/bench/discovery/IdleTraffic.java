package tensorlink.testnet.bench.discovery;

import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import tensorlink.p2p.core.Host;

/**
 * What a host moved, in both directions and in bytes.
 *
 * @param wire everything, as its sockets saw it
 * @param payload by kind, what it had to say
 */
record IdleTraffic(long wire, Map<String, Long> payload) {
    /** What is on the wire and is nobody's payload. */
    static final String REST = "handshakes, ciphers, frames, signs of life";

    IdleTraffic {
        payload = Map.copyOf(payload);
    }

    /** Since {@code host} was started. */
    static IdleTraffic of(Host host) {
        var payload = new TreeMap<String, Long>();
        for (var traffic : host.control().traffic()) {
            payload.merge(
                    kind(traffic.protocol().name()),
                    traffic.received() + traffic.sent(),
                    Long::sum);
        }
        var wire = host.control().wire();
        return new IdleTraffic(wire.received() + wire.sent(), payload);
    }

    private static String kind(String protocol) {
        if (protocol.contains("/kad/")) {
            return "hash table";
        }
        if (protocol.startsWith("/meshsub/") || protocol.startsWith("/floodsub/")) {
            return "gossip";
        }
        if (protocol.startsWith("/ipfs/id/")) {
            return "identify";
        }
        return protocol.startsWith("/libp2p/autonat/") ? "autonat" : "other";
    }

    /** What was moved since {@code before}, which took {@code time}: bytes a second, by kind. */
    Map<String, Double> rates(IdleTraffic before, Duration time) {
        double seconds = time.toNanos() / 1e9;
        var rates = new TreeMap<String, Double>();
        double rest = wire - before.wire;
        for (var entry : payload.entrySet()) {
            long moved = entry.getValue() - before.payload.getOrDefault(entry.getKey(), 0L);
            rest -= moved;
            rates.put(entry.getKey(), moved / seconds);
        }
        rates.put(REST, rest / seconds);
        return rates;
    }

    /** All that was moved since {@code before}: bytes a second. */
    double rate(IdleTraffic before, Duration time) {
        return (wire - before.wire) / (time.toNanos() / 1e9);
    }
}
