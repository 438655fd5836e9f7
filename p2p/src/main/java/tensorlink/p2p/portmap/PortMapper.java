package tensorlink.p2p.portmap;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.net.InetAddress;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.multiaddr.AddressProtocol;
import tensorlink.p2p.multiaddr.AddressRange;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.portmap.Wish.Kind;
import tensorlink.p2p.swarm.Swarm;

/**
 * Has the router pass on to us what comes for the ports that we listen at, announces where that is,
 * and ends it when the host closes. Only what it made itself is prolonged or ended; a port outside
 * that is another's is not taken, but a different one.
 */
public final class PortMapper {
    private static final Logger log = LoggerFactory.getLogger(PortMapper.class);
    private static final Duration LIFETIME = Duration.ofHours(1);
    private static final Duration PAUSE_MIN = Duration.ofMinutes(1);
    private static final Duration PAUSE_AFTER_FAILURE = Duration.ofMinutes(5);
    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(5);
    private static final int MAPPINGS_MAX = 8;

    private final Swarm swarm;
    private final InetAddress router;
    private final List<Router> ways;
    private final Scheduler scheduler;

    /** Who was asked last for each port. */
    private final Map<Wish, Router> asked = new ConcurrentHashMap<>();

    private volatile boolean isClosed;
    private @Nullable Thread keeper;

    public PortMapper(Swarm swarm, InetAddress router, Scheduler scheduler) {
        var nonce = new byte[Pcp.NONCE_BYTES];
        new SecureRandom().nextBytes(nonce);
        var name = "tensorlink " + swarm.id().shortText();
        this.swarm = swarm;
        this.router = router;
        this.ways =
                List.of(
                        new PcpRouter(router, ByteString.copyFrom(nonce)),
                        new UpnpRouter(router, name, scheduler));
        this.scheduler = scheduler;
    }

    /** The router of this machine; empty where it cannot be told. */
    public static Optional<InetAddress> gateway() {
        return Gateway.find();
    }

    /** Maps from now on. */
    public void start() {
        keeper = scheduler.fork("p2p port mapping", this::keep);
    }

    private void keep() {
        try {
            while (!isClosed) {
                scheduler.sleep(map());
            }
        } catch (InterruptedException closed) {
            Thread.currentThread().interrupt();
        }
    }

    /** Makes or prolongs all mappings; returns when to do so again. */
    private Duration map() throws InterruptedException {
        var outside = new ArrayList<Multiaddr>();
        var pause = LIFETIME.dividedBy(2);
        for (var address : mappable()) {
            var wish = wish(address);
            if (wish.isEmpty() || isClosed) {
                continue;
            }
            try {
                var mapped = map(wish.get());
                var half = mapped.mapping().lifetime().dividedBy(2);
                pause = half.compareTo(pause) < 0 ? half : pause;
                if (AddressRange.of(mapped.address()) == AddressRange.PUBLIC) {
                    outside.add(at(address, mapped.address(), mapped.mapping().externalPort()));
                }
            } catch (IOException refused) {
                log.debug("{} is not mapped: {}", address, refused.getMessage());
                pause = pause.compareTo(PAUSE_AFTER_FAILURE) < 0 ? pause : PAUSE_AFTER_FAILURE;
            }
        }
        if (swarm.mapped(outside)) {
            log.info("the router maps {}", outside);
        }
        return pause.compareTo(PAUSE_MIN) < 0 ? PAUSE_MIN : pause;
    }

    /** The way that was good the last time is tried first. */
    private Answer.MappedAt map(Wish wish) throws IOException, InterruptedException {
        var inOrder = new LinkedHashSet<Router>();
        Optional.ofNullable(asked.get(wish)).ifPresent(inOrder::add);
        inOrder.addAll(ways);
        var refusals = new ArrayList<String>();
        for (var way : inOrder) {
            asked.put(wish, way);
            try {
                return way.map(wish, LIFETIME);
            } catch (IOException refused) {
                refusals.add(refused.getMessage());
            }
        }
        throw new IOException(String.join("; ", refusals));
    }

    /** Where we listen on the router's side; one address for each port. */
    private List<Multiaddr> mappable() {
        boolean isHere = router.isLoopbackAddress();
        var wanted = isHere ? AddressRange.LOOPBACK : AddressRange.PRIVATE;
        var seen = new LinkedHashSet<Wish>();
        var mappable = new ArrayList<Multiaddr>();
        for (var address : swarm.addresses()) {
            boolean isInside =
                    !address.has(AddressProtocol.P2P_CIRCUIT)
                            && address.has(AddressProtocol.IP4)
                            && address.range().filter(wanted::equals).isPresent();
            if (isInside
                    && wish(address).filter(seen::add).isPresent()
                    && mappable.size() < MAPPINGS_MAX) {
                mappable.add(address);
            }
        }
        return mappable;
    }

    private static Optional<Wish> wish(Multiaddr address) {
        return address.value(AddressProtocol.TCP)
                .map(port -> new Wish(Kind.TCP, Integer.parseInt(port)))
                .or(() ->
                        address.value(AddressProtocol.UDP)
                                .map(port -> new Wish(Kind.UDP, Integer.parseInt(port))));
    }

    /** The same with another host and port. */
    private static Multiaddr at(Multiaddr address, InetAddress host, int port) {
        var text = new StringBuilder();
        for (var part : address.parts()) {
            switch (part.protocol()) {
                case IP4 -> text.append("/ip4/").append(host.getHostAddress());
                case TCP -> text.append("/tcp/").append(port);
                case UDP -> text.append("/udp/").append(port);
                default -> text.append(part);
            }
        }
        return Multiaddr.parse(text.toString());
    }

    /** Ends the mappings that were made; waits a little for the router to say so. */
    public void close() {
        isClosed = true;
        var keeping = keeper;
        if (keeping != null) {
            keeping.interrupt();
            await(keeping);
        }
        if (!asked.isEmpty()) {
            await(scheduler.fork("p2p port mapping", this::unmap));
        }
    }

    private static void await(Thread thread) {
        try {
            if (!thread.join(CLOSE_TIMEOUT)) {
                thread.interrupt();
            }
        } catch (InterruptedException impatient) {
            Thread.currentThread().interrupt();
        }
    }

    /** In every way: the answer to one that was given up may have been lost. */
    private void unmap() {
        try {
            for (var wish : asked.keySet()) {
                for (var way : ways) {
                    way.unmap(wish);
                }
            }
        } catch (InterruptedException impatient) {
            Thread.currentThread().interrupt();
        }
    }
}
