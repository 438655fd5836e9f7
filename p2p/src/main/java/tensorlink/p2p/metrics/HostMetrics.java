package tensorlink.p2p.metrics;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;
import tensorlink.p2p.core.Connection;
import tensorlink.p2p.core.Connection.Direction;
import tensorlink.p2p.core.GateException;
import tensorlink.p2p.core.Host;
import tensorlink.p2p.core.HostObserver;
import tensorlink.p2p.core.ProtocolId;
import tensorlink.p2p.core.Resource;
import tensorlink.p2p.core.ResourceLimitException;
import tensorlink.p2p.core.ResourceUse;
import tensorlink.p2p.core.Subscription;
import tensorlink.p2p.core.Traffic;
import tensorlink.p2p.core.WireTraffic;
import tensorlink.p2p.core.WrongPeerException;
import tensorlink.p2p.multiaddr.AddressProtocol;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.transport.Transport;

/**
 * Meters of one host, from when they are bound until this is closed, which removes them:
 *
 * <ul>
 *   <li>{@code libp2p.connections}: open now, by direction, transport and security
 *   <li>{@code libp2p.streams}: open now, by protocol and direction; {@code libp2p.streams.opened}
 *       so far
 *   <li>{@code libp2p.bytes}: payload so far, by protocol, received or sent
 *   <li>{@code libp2p.wire}: everything so far that is not QUIC, received or sent, with what
 *       frames, ciphers and handshakes add
 *   <li>{@code libp2p.dials}: addresses tried and how long it took, by transport and result
 *   <li>{@code libp2p.resources} and {@code libp2p.resources.limit}: what is held, by scope and
 *       resource, for the host, its transient scope and each protocol
 *   <li>{@code libp2p.refused}: what was turned away and why
 * </ul>
 *
 * <p>No tag has a value that a stranger can choose, so the meters are as many as the host's own
 * protocols allow.
 */
public final class HostMetrics implements AutoCloseable {
    private final Host host;
    private final MeterRegistry registry;
    private final Map<Tags, AtomicInteger> connections = new ConcurrentHashMap<>();
    private final Map<Tags, AtomicInteger> streams = new ConcurrentHashMap<>();
    private final Set<ProtocolId> protocols = ConcurrentHashMap.newKeySet();
    private final Set<Meter> meters = ConcurrentHashMap.newKeySet();
    private final Subscription subscription;

    private HostMetrics(Host host, MeterRegistry registry) {
        this.host = host;
        this.registry = registry;
        watch("system");
        watch("transient");
        wire("received", WireTraffic::received);
        wire("sent", WireTraffic::sent);
        subscription = host.control().observe(new Observer());
        for (var connection : host.connections()) {
            count("libp2p.connections", connections, tags(connection)).incrementAndGet();
        }
    }

    /**
     * Adds the meters of {@code host} to {@code registry}. Bind before the host has connections;
     * one that opens at the same moment may be counted twice.
     */
    public static HostMetrics bind(Host host, MeterRegistry registry) {
        return new HostMetrics(host, registry);
    }

    /** Removes the meters; the host goes on. */
    @Override
    public void close() {
        subscription.close();
        for (var meter : meters) {
            registry.remove(meter);
        }
    }

    private void watch(String scope) {
        for (var resource : Resource.values()) {
            var tags = Tags.of("scope", scope, "resource", name(resource));
            gauge("libp2p.resources", tags, () -> find(scope, resource, ResourceUse::used));
            gauge("libp2p.resources.limit", tags, () -> find(scope, resource, ResourceUse::limit));
        }
    }

    /** A scope in which nothing is counted does not exist, and holds nothing. */
    private double find(String scope, Resource resource, ToDoubleFunction<ResourceUse> value) {
        for (var use : host.control().resources()) {
            if (use.resource() == resource && use.scope().equals(scope)) {
                return value.applyAsDouble(use);
            }
        }
        return 0;
    }

    private void watch(ProtocolId protocol) {
        if (protocols.add(protocol)) {
            watch("protocol " + protocol);
            bytes(protocol, "received", Traffic::received);
            bytes(protocol, "sent", Traffic::sent);
        }
    }

    private void bytes(ProtocolId protocol, String way, ToDoubleFunction<Traffic> value) {
        meters.add(
                FunctionCounter.builder(
                                "libp2p.bytes",
                                host,
                                any -> {
                                    for (var traffic : any.control().traffic()) {
                                        if (traffic.protocol().equals(protocol)) {
                                            return value.applyAsDouble(traffic);
                                        }
                                    }
                                    return 0;
                                })
                        .tags("protocol", protocol.name(), "way", way)
                        .baseUnit("bytes")
                        .register(registry));
    }

    private void wire(String way, ToDoubleFunction<WireTraffic> value) {
        meters.add(
                FunctionCounter.builder(
                                "libp2p.wire",
                                host,
                                any -> value.applyAsDouble(any.control().wire()))
                        .tags("way", way)
                        .baseUnit("bytes")
                        .register(registry));
    }

    private void gauge(String name, Tags tags, Supplier<Number> value) {
        meters.add(Gauge.builder(name, value).tags(tags).register(registry));
    }

    private AtomicInteger count(String name, Map<Tags, AtomicInteger> counts, Tags tags) {
        return counts.computeIfAbsent(
                tags,
                _ -> {
                    var count = new AtomicInteger();
                    gauge(name, tags, count::get);
                    return count;
                });
    }

    private void increment(String name, Tags tags) {
        var counter = registry.counter(name, tags);
        meters.add(counter);
        counter.increment();
    }

    private static Tags tags(Connection connection) {
        var link = connection.link();
        return Tags.of(
                "direction",
                name(connection.direction()),
                "transport",
                link.transport(),
                "security",
                link.security());
    }

    private static String name(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }

    /** Names are those of exception types, of which there are few, and not their messages. */
    private static String result(IOException failure) {
        return switch (failure) {
            case SocketTimeoutException _ -> "timeout";
            case ConnectException _ -> "refused";
            case UnknownHostException _ -> "unknown_host";
            case WrongPeerException _ -> "wrong_peer";
            case GateException _ -> "denied";
            case ResourceLimitException _ -> "limit";
            default -> "failed";
        };
    }

    private final class Observer implements HostObserver {
        @Override
        public void connected(Connection connection) {
            count("libp2p.connections", connections, tags(connection)).incrementAndGet();
        }

        @Override
        public void disconnected(Connection connection, IOException reason) {
            count("libp2p.connections", connections, tags(connection)).decrementAndGet();
        }

        @Override
        public void dialled(
                PeerId peer, Multiaddr address, Duration took, Optional<IOException> failure) {
            var transport =
                    address.has(AddressProtocol.P2P_CIRCUIT) ? "relay" : Transport.name(address);
            var timer =
                    registry.timer(
                            "libp2p.dials",
                            "transport",
                            transport,
                            "result",
                            failure.map(HostMetrics::result).orElse("connected"));
            meters.add(timer);
            timer.record(took);
        }

        @Override
        public void streamOpened(Connection connection, ProtocolId protocol, Direction direction) {
            watch(protocol);
            var tags = Tags.of("protocol", protocol.name(), "direction", name(direction));
            count("libp2p.streams", streams, tags).incrementAndGet();
            increment("libp2p.streams.opened", tags);
        }

        @Override
        public void streamClosed(Connection connection, ProtocolId protocol, Direction direction) {
            var tags = Tags.of("protocol", protocol.name(), "direction", name(direction));
            count("libp2p.streams", streams, tags).decrementAndGet();
        }

        @Override
        public void refused(Refused what, Why why, String detail) {
            increment("libp2p.refused", Tags.of("what", name(what), "why", name(why)));
        }
    }
}
