package tensorlink.p2p;

import java.net.InetAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import javax.net.ssl.SSLContext;
import tensorlink.p2p.autonat.AutoNatLimits;
import tensorlink.p2p.core.Gater;
import tensorlink.p2p.core.Limits;
import tensorlink.p2p.core.Reach;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.multiaddr.AddressProtocol;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.PeerStore;
import tensorlink.p2p.peer.PreSharedKey;
import tensorlink.p2p.relay.RelayLimits;

/**
 * How a host is set up: {@link #defaults()}, and from there one change at a time. Immutable; each
 * {@code with} gives a changed copy and refuses what cannot work.
 */
public final class HostConfig {
    private final Settings settings;

    private HostConfig(Settings settings) {
        this.settings = settings;
        settings.check();
    }

    /** A host that only this machine can reach, with every transport and security there is. */
    public static HostConfig defaults() {
        return new HostConfig(new Settings());
    }

    private HostConfig with(Consumer<Settings> change) {
        var changed = settings.copy();
        change.accept(changed);
        return new HostConfig(changed);
    }

    /**
     * Where to listen; may be empty. The default is any free port of the loopback interface: who
     * wants to be reached says so.
     */
    public List<Multiaddr> listen() {
        return settings.listen;
    }

    /** Listens at {@code addresses} and nowhere else; at none, when there are none. */
    public HostConfig withListen(Multiaddr... addresses) {
        return with(it -> it.listen = List.of(addresses));
    }

    /** The family of networks it belongs to, told by identify. */
    public String protocolVersion() {
        return settings.protocolVersion;
    }

    /** Name and version of the program, told by identify. */
    public String agentVersion() {
        return settings.agentVersion;
    }

    public HostConfig withAgentVersion(String changed) {
        return with(it -> it.agentVersion = changed);
    }

    /** Every bound of the network layer. */
    public Limits limits() {
        return settings.limits;
    }

    public HostConfig withLimits(Limits changed) {
        return with(it -> it.limits = changed);
    }

    /** How much to remember of other peers. */
    public PeerStore.Bounds peerBounds() {
        return settings.peerBounds;
    }

    /** Where known peers are kept over restarts; without one they are forgotten. */
    public Optional<Path> peerFile() {
        return settings.peerFile;
    }

    public HostConfig withPeerFile(Path file) {
        return with(it -> it.peerFile = Optional.of(file));
    }

    /** The network for {@code /memory} addresses; without one there are none. */
    public Optional<MemoryNetwork> memory() {
        return settings.memory;
    }

    public HostConfig withMemory(MemoryNetwork network) {
        return with(it -> it.memory = Optional.of(network));
    }

    /** Threads for all sockets. */
    public int eventLoops() {
        return settings.eventLoops;
    }

    public HostConfig withEventLoops(int threads) {
        return with(it -> it.eventLoops = threads);
    }

    /** Where time and threads come from. */
    public Scheduler scheduler() {
        return settings.scheduler;
    }

    public HostConfig withScheduler(Scheduler changed) {
        return with(it -> it.scheduler = changed);
    }

    /** How to secure connections that need it, best first. */
    public List<Security> securities() {
        return settings.securities;
    }

    /** Secures connections in these ways and no other, best first. */
    public HostConfig withSecurities(Security... changed) {
        return with(it -> it.securities = List.of(changed));
    }

    /**
     * For secure WebSockets: the certificate to show and whom to trust. Without one none is
     * listened at, and whom the JDK trusts is trusted.
     */
    public Optional<SSLContext> webTls() {
        return settings.webTls;
    }

    public HostConfig withWebTls(SSLContext changed) {
        return with(it -> it.webTls = Optional.of(changed));
    }

    /** The key of a private network, which then is the only one; QUIC has no place in it. */
    public Optional<PreSharedKey> privateNetwork() {
        return settings.privateNetwork;
    }

    /** Speaks only with those who have {@code key}. */
    public HostConfig withPrivateNetwork(PreSharedKey key) {
        return with(it -> it.privateNetwork = Optional.of(key));
    }

    /** What the host lends to others as their relay; nothing, unless told otherwise. */
    public Optional<RelayLimits> relayService() {
        return settings.relayService;
    }

    /**
     * Relays for peers that cannot be reached, within {@code limits}; where AutoNAT finds out
     * whether others can dial this host, only while they can.
     */
    public HostConfig withRelayService(RelayLimits limits) {
        return with(it -> it.relayService = Optional.of(limits));
    }

    /** Whether it looks for relays; not, unless told so. */
    public boolean searchesRelays() {
        return settings.searchesRelays;
    }

    /**
     * Has itself called by way of relays while others cannot dial it, as {@link #withAutoNat} finds
     * out; it asks peers that it is connected to.
     */
    public HostConfig withRelaySearch() {
        return with(it -> it.searchesRelays = true);
    }

    /** How it finds out whether it can be dialled; it does not, unless told otherwise. */
    public Optional<AutoNatLimits> autoNat() {
        return settings.autoNat;
    }

    /** Asks others whether they can dial this host, and dials those who ask. */
    public HostConfig withAutoNat(AutoNatLimits limits) {
        return with(it -> it.autoNat = Optional.of(limits));
    }

    /** Whether connections through relays are replaced by direct ones; not, unless told so. */
    public boolean punchesHoles() {
        return settings.punchesHoles;
    }

    /**
     * Replaces connections through relays by direct ones, where the NATs in between let it. TCP
     * connections are then dialled from the port listened at.
     */
    public HostConfig withHolePunching() {
        return with(it -> it.punchesHoles = true);
    }

    /** The router that is asked to map ports; none, unless told so. */
    public Optional<InetAddress> portMapping() {
        return settings.portMapping;
    }

    /**
     * Asks {@code router}, by PCP, NAT-PMP or UPnP, to pass on what comes for the ports listened
     * at; {@link Libp2p#router} finds the one at home.
     */
    public HostConfig withPortMapping(InetAddress router) {
        return with(it -> it.portMapping = Optional.of(router));
    }

    /** With whom the host may be connected; everybody, unless told otherwise. */
    public Optional<Gater> gater() {
        return settings.gater;
    }

    /** Uses the lists of {@code changed}, which may go on changing. */
    public HostConfig withGater(Gater changed) {
        return with(it -> it.gater = Optional.of(changed));
    }

    /** Which addresses are dialled. */
    public Reach reach() {
        return settings.reach;
    }

    public HostConfig withReach(Reach changed) {
        return with(it -> it.reach = changed);
    }

    /**
     * Who is asked for {@code /dnsaddr} names; the machine's name servers, unless told otherwise.
     */
    public Optional<String> nameServer() {
        return settings.nameServer;
    }

    /** Asks {@code hostAndPort}, such as {@code 192.0.2.1:53}, for {@code /dnsaddr} names. */
    public HostConfig withNameServer(String hostAndPort) {
        return with(it -> it.nameServer = Optional.of(hostAndPort));
    }

    /** A way to prove identities and keep others out. */
    public enum Security {
        /** Everywhere available. */
        NOISE,
        /** TLS 1.3, the faster one for bulk; left out where the machine has no BoringSSL. */
        TLS
    }

    /** The values, with their defaults; changed only before a configuration is made of them. */
    private static final class Settings implements Cloneable {
        private List<Multiaddr> listen = List.of(Multiaddr.parse("/ip4/127.0.0.1/tcp/0"));
        private String protocolVersion = "tensorlink/1.0.0";
        private String agentVersion = "tensorlink-jvm";
        private Limits limits = Limits.defaults();
        private PeerStore.Bounds peerBounds = PeerStore.Bounds.defaults();
        private Optional<Path> peerFile = Optional.empty();
        private Optional<MemoryNetwork> memory = Optional.empty();
        private int eventLoops = Runtime.getRuntime().availableProcessors();
        private Scheduler scheduler = Scheduler.system();
        private List<Security> securities = List.of(Security.NOISE, Security.TLS);
        private Optional<SSLContext> webTls = Optional.empty();
        private Optional<PreSharedKey> privateNetwork = Optional.empty();
        private Optional<RelayLimits> relayService = Optional.empty();
        private boolean searchesRelays;
        private Optional<AutoNatLimits> autoNat = Optional.empty();
        private boolean punchesHoles;
        private Optional<InetAddress> portMapping = Optional.empty();
        private Optional<Gater> gater = Optional.empty();
        private Reach reach = Reach.AUTO;
        private Optional<String> nameServer = Optional.empty();

        Settings copy() {
            try {
                return (Settings) clone();
            } catch (CloneNotSupportedException impossible) {
                throw new AssertionError(impossible);
            }
        }

        void check() {
            if (securities.isEmpty() || Set.copyOf(securities).size() < securities.size()) {
                throw new IllegalArgumentException(
                        "securities " + securities + ", expected one or both, each once");
            }
            for (var address : listen) {
                if (privateNetwork.isPresent() && address.has(AddressProtocol.QUIC_V1)) {
                    throw new IllegalArgumentException(
                            "cannot listen at "
                                    + address
                                    + ": QUIC has no place in a private network");
                }
            }
            if (eventLoops < 1) {
                throw new IllegalArgumentException(eventLoops + " event loops");
            }
        }
    }
}
