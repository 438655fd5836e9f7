package tensorlink.node.cli;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tensorlink.node.Home;
import tensorlink.node.Network;
import tensorlink.node.Networks;
import tensorlink.node.config.ConfigException;
import tensorlink.node.config.NodeConfig;
import tensorlink.node.config.Setting;
import tensorlink.node.config.Settings;
import tensorlink.node.network.Invitation;
import tensorlink.node.network.Membership;
import tensorlink.node.network.NetworkException;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.peer.PeerInfo;

/** The flags of commands that are, or talk to, a node. */
final class NodeFlags {
    @Mixin private HomeFlag homeFlag = new HomeFlag();

    @Option(
            names = "--config",
            paramLabel = "FILE",
            description = "configuration file; config.toml in the home folder unless said")
    private @Nullable Path config;

    @Option(
            names = "--network",
            paramLabel = "NAME",
            description =
                    "network to join by its name; the one that the home is part of, else local,"
                            + " unless said")
    private @Nullable String network;

    @Option(
            names = "--bootstrap",
            paramLabel = "ADDRESS",
            description = "peer to ask first, as /ip4/ADDRESS/tcp/PORT/p2p/ID; repeatable",
            showDefaultValue = CommandLine.Help.Visibility.NEVER)
    private List<String> bootstrap = List.of();

    @Option(
            names = "--join",
            paramLabel = "INVITATION",
            description =
                    "join the network of an invitation, as `network invite` prints it; - reads it"
                            + " from standard input")
    private @Nullable String join;

    @Option(
            names = "--log-level",
            paramLabel = "LEVEL",
            description = "error, warn (unless said), info, debug or trace")
    private @Nullable String logLevel;

    private boolean namesNetwork;
    private Optional<Invitation> invitation = Optional.empty();

    /** The node's folder. */
    Home home() {
        return homeFlag.home();
    }

    /** A home that stays if one was named, else one for this run only. */
    Home homeOrTemporary() throws IOException {
        return homeFlag.homeOrTemporary();
    }

    /** The invitation among the flags, once the configuration is read. */
    Optional<Invitation> invitation() {
        return invitation;
    }

    /**
     * The configuration with these flags and {@code more} over it.
     *
     * @throws ConfigException naming every fault
     * @throws IOException a {@link NetworkException} when there is an invitation that is no good
     */
    NodeConfig config(Map<Setting, String> more) throws IOException {
        if (join != null) {
            invitation = Optional.of(NetworkCommand.read(join));
            invitation.get().requireGood(Scheduler.system().now());
        }
        var flags = new EnumMap<Setting, String>(Setting.class);
        flags.putAll(more);
        put(flags, Setting.NETWORK_NAME, network);
        put(flags, Setting.LOG_LEVEL, logLevel);
        if (!bootstrap.isEmpty()) {
            flags.put(Setting.NETWORK_BOOTSTRAP, String.join(",", bootstrap));
        }
        var file = config == null ? home().folder().resolve("config.toml") : config;
        if (config != null && !Files.exists(config)) {
            throw new ConfigException(config + ": no such file");
        }
        var settings = Settings.gather(flags, System.getenv(), file);
        var read = NodeConfig.of(settings, machine());
        namesNetwork = settings.origin(Setting.NETWORK_NAME) != Settings.Origin.DEFAULT;
        System.setProperty("tensorlink.log.level", read.logLevel());
        return read;
    }

    /**
     * The network that {@code read} names; unless it names one, that of which the home is part.
     *
     * @throws UsageException when they differ
     * @throws IOException a {@link NetworkException} when what the home keeps of its network cannot
     *     be used, or only private ones may be joined and this is none
     */
    Network network(NodeConfig read) throws IOException {
        var membership =
                invitation.isPresent()
                        ? invitation.map(Membership::by)
                        : Networks.membership(home());
        var network = Network.named(read.network());
        if (membership.isPresent()) {
            network = Network.of(membership.get());
            var names = List.of(network.name(), membership.get().network().name());
            if (namesNetwork && !names.contains(read.network())) {
                throw new UsageException(
                        (invitation.isPresent() ? "the invitation" : "the home " + home().folder())
                                + " is for network "
                                + network.name()
                                + ", not for "
                                + read.network()
                                + "\n"
                                + "  try: leave out the network's name, or another --home"
                                + " FOLDER");
            }
        }
        // What libp2p programs have in common.
        if ("1".equals(System.getenv("LIBP2P_FORCE_PNET")) && network.key().isEmpty()) {
            throw new NetworkException(
                    "LIBP2P_FORCE_PNET is set, and network "
                            + network.name()
                            + " has no key\n  try: tensorlink network join INVITATION");
        }
        return network.via(read.bootstrap().toArray(new PeerInfo[0])).presence(read.presence());
    }

    static void put(Map<Setting, String> flags, Setting setting, @Nullable Object value) {
        if (value != null) {
            flags.put(setting, value.toString());
        }
    }

    private static NodeConfig.Machine machine() {
        var system = ManagementFactory.getOperatingSystemMXBean();
        long memory =
                system instanceof com.sun.management.OperatingSystemMXBean known
                        ? known.getTotalMemorySize()
                        : Runtime.getRuntime().maxMemory();
        return new NodeConfig.Machine(memory, Runtime.getRuntime().availableProcessors());
    }
}
