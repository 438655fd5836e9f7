package tensorlink.p2p.portmap;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.SocketTimeoutException;
import java.net.StandardSocketOptions;
import java.net.URI;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tensorlink.p2p.core.ProtocolViolation;
import tensorlink.p2p.core.Scheduler;

/**
 * By UPnP (Internet Gateway Device 1 and 2). Any device of the network may claim to be a router;
 * only who answers from the address of ours is heard, and asked at that address alone. Before a
 * port is taken or given back the router is asked whose it is: some would overwrite what another
 * has. Only mappings that end by themselves are made.
 */
final class UpnpRouter implements Router {
    private static final Logger log = LoggerFactory.getLogger(UpnpRouter.class);

    private static final List<String> DEVICES =
            List.of(
                    "urn:schemas-upnp-org:device:InternetGatewayDevice:2",
                    "urn:schemas-upnp-org:device:InternetGatewayDevice:1");
    private static final InetSocketAddress GROUP =
            new InetSocketAddress(InetAddress.ofLiteral("239.255.255.250"), Ssdp.PORT);
    private static final Duration SEARCH = Duration.ofMillis(1500);
    private static final int SEARCHES = 2;
    private static final int PORTS_TRIED_MAX = 8;
    private static final int FIRST_UNPRIVILEGED_PORT = 1024;
    private static final int LAST_PORT = 0xffff;

    private static final int NO_SUCH_ENTRY = 714;
    private static final int CONFLICT = 718;

    private final InetAddress router;
    private final String description;
    private final Scheduler scheduler;

    /** The ports outside that we have, or have asked for. */
    private final Map<Wish, Integer> taken = new ConcurrentHashMap<>();

    private volatile Optional<WanService> known = Optional.empty();

    /**
     * @param description tells our mappings from those of others
     */
    UpnpRouter(InetAddress router, String description, Scheduler scheduler) {
        this.router = router;
        this.description = description;
        this.scheduler = scheduler;
    }

    private enum Whose {
        NOBODYS,
        OURS,
        ANOTHERS
    }

    @Override
    public Answer.MappedAt map(Wish wish, Duration lifetime)
            throws IOException, InterruptedException {
        var service = service();
        boolean complete = false;
        try {
            var address = externalAddress(service);
            int port = take(service, wish, lifetime);
            complete = true;
            return new Answer.MappedAt(new Answer.Mapped(wish.port(), port, lifetime), address);
        } finally {
            known = complete ? Optional.of(service) : Optional.empty();
        }
    }

    /** The first of some ports that nobody else has. */
    private int take(WanService service, Wish wish, Duration lifetime)
            throws IOException, InterruptedException {
        int port = taken.getOrDefault(wish, wish.port());
        for (int i = 0; i < PORTS_TRIED_MAX; i++) {
            if (whose(service, wish, port) != Whose.ANOTHERS
                    && add(service, wish, port, lifetime)) {
                return port;
            }
            port = port == LAST_PORT ? FIRST_UNPRIVILEGED_PORT : port + 1;
        }
        throw new IOException("the ports from " + wish.port() + " on are others'");
    }

    /** False when the port is another's after all. */
    private boolean add(WanService service, Wish wish, int port, Duration lifetime)
            throws IOException, InterruptedException {
        var arguments = entry(wish, port);
        arguments.put("NewInternalPort", Integer.toString(wish.port()));
        arguments.put("NewInternalClient", self().getHostAddress());
        arguments.put("NewEnabled", "1");
        arguments.put("NewPortMappingDescription", description);
        arguments.put("NewLeaseDuration", Long.toString(lifetime.toSeconds()));
        taken.put(wish, port);
        return switch (ask(service, "AddPortMapping", arguments)) {
            case Soap.Done _ -> true;
            case Soap.Fault(int code) when code == CONFLICT -> {
                taken.remove(wish);
                yield false;
            }
            case Soap.Fault(int code) -> throw refused(code);
        };
    }

    private Whose whose(WanService service, Wish wish, int port)
            throws IOException, InterruptedException {
        return switch (ask(service, "GetSpecificPortMappingEntry", entry(wish, port))) {
            case Soap.Done entry -> isOurs(entry, wish) ? Whose.OURS : Whose.ANOTHERS;
            case Soap.Fault(int code) when code == NO_SUCH_ENTRY -> Whose.NOBODYS;
            case Soap.Fault(int code) -> throw refused(code);
        };
    }

    private boolean isOurs(Soap.Done entry, Wish wish) throws IOException {
        return entry.value("NewInternalClient").equals(self().getHostAddress())
                && entry.value("NewInternalPort").equals(Integer.toString(wish.port()))
                && entry.value("NewPortMappingDescription").equals(description);
    }

    private InetAddress externalAddress(WanService service)
            throws IOException, InterruptedException {
        return switch (ask(service, "GetExternalIPAddress", Map.of())) {
            case Soap.Done done -> address(done.value("NewExternalIPAddress"));
            case Soap.Fault(int code) -> throw refused(code);
        };
    }

    private static InetAddress address(String text) throws ProtocolViolation {
        try {
            return InetAddress.ofLiteral(text);
        } catch (IllegalArgumentException malformed) {
            throw new ProtocolViolation("upnp: external address " + text + " is none", malformed);
        }
    }

    /** What a mapping is known by. */
    private static Map<String, String> entry(Wish wish, int port) {
        var entry = new LinkedHashMap<String, String>();
        entry.put("NewRemoteHost", "");
        entry.put("NewExternalPort", Integer.toString(port));
        entry.put("NewProtocol", wish.kind().name());
        return entry;
    }

    private static Soap ask(WanService service, String action, Map<String, String> arguments)
            throws IOException, InterruptedException {
        var body = Soap.request(service.type(), action, arguments);
        return Soap.decode(
                action, RouterHttp.post(service.control(), service.type() + "#" + action, body));
    }

    private static IOException refused(int code) {
        return new IOException("UPnP error " + code);
    }

    @Override
    public void unmap(Wish wish) throws InterruptedException {
        var port = taken.remove(wish);
        if (port == null) {
            return;
        }
        try {
            var service = service();
            if (whose(service, wish, port) == Whose.OURS) {
                var _ = ask(service, "DeletePortMapping", entry(wish, port));
            }
        } catch (IOException failure) {
            log.debug("{} may stay mapped for a while: {}", wish, failure.getMessage());
        }
    }

    private WanService service() throws IOException, InterruptedException {
        var service = known;
        if (service.isPresent()) {
            return service.get();
        }
        var location = search();
        return WanService.decode(RouterHttp.get(location), location);
    }

    private URI search() throws IOException {
        try (var socket = new DatagramSocket(new InetSocketAddress(self(), 0))) {
            for (int i = 0; i < SEARCHES; i++) {
                call(socket);
                var location = hear(socket);
                if (location.isPresent()) {
                    return location.get();
                }
            }
        }
        throw new IOException("no UPnP at " + router.getHostAddress());
    }

    /** To all of the network, and to the router alone, where multicast does not get through. */
    private void call(DatagramSocket socket) throws IOException {
        var network = NetworkInterface.getByInetAddress(socket.getLocalAddress());
        if (network != null) {
            socket.setOption(StandardSocketOptions.IP_MULTICAST_IF, network);
        }
        for (var device : DEVICES) {
            var packet = Ssdp.search(device);
            socket.send(
                    new DatagramPacket(
                            packet, packet.length, new InetSocketAddress(router, Ssdp.PORT)));
            try {
                socket.send(new DatagramPacket(packet, packet.length, GROUP));
            } catch (IOException alone) {
                log.debug("no multicast: {}", alone.getMessage());
            }
        }
    }

    /** What is no answer of the router is passed over. */
    private Optional<URI> hear(DatagramSocket socket) throws IOException {
        long end = scheduler.nanoTime() + SEARCH.toNanos();
        var packet = new DatagramPacket(new byte[Ssdp.BYTES_MAX + 1], Ssdp.BYTES_MAX + 1);
        for (long left = SEARCH.toMillis(); left > 0; left = millisTo(end)) {
            socket.setSoTimeout(Math.toIntExact(left));
            packet.setLength(Ssdp.BYTES_MAX + 1);
            try {
                socket.receive(packet);
                if (packet.getAddress().equals(router)) {
                    var answer = Arrays.copyOf(packet.getData(), packet.getLength());
                    return Optional.of(Ssdp.location(answer, router));
                }
            } catch (SocketTimeoutException over) {
                break;
            } catch (ProtocolViolation useless) {
                log.debug("passed over: {}", useless.getMessage());
            }
        }
        return Optional.empty();
    }

    private long millisTo(long end) {
        return Duration.ofNanos(end - scheduler.nanoTime()).toMillis();
    }

    /** Our address as the router sees it. */
    private InetAddress self() throws IOException {
        try (var socket = new DatagramSocket()) {
            socket.connect(new InetSocketAddress(router, Ssdp.PORT));
            return socket.getLocalAddress();
        }
    }
}
