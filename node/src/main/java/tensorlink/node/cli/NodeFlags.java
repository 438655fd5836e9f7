package tensorlink.node.cli;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tensorlink.node.Home;
import tensorlink.node.Network;
import tensorlink.node.config.ConfigException;
import tensorlink.node.config.NodeConfig;
import tensorlink.node.config.Setting;
import tensorlink.node.config.Settings;

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
            description = "network to join; local unless said")
    private @Nullable String network;

    @Option(
            names = "--bootstrap",
            paramLabel = "ADDRESS",
            description = "peer to ask first, as /ip4/ADDRESS/tcp/PORT/p2p/ID; repeatable",
            showDefaultValue = CommandLine.Help.Visibility.NEVER)
    private List<String> bootstrap = List.of();

    @Option(
            names = "--log-level",
            paramLabel = "LEVEL",
            description = "error, warn (unless said), info, debug or trace")
    private @Nullable String logLevel;

    /** The node's folder. */
    Home home() {
        return homeFlag.home();
    }

    /** A home that stays if one was named, else one for this run only. */
    Home homeOrTemporary() throws IOException {
        return homeFlag.homeOrTemporary();
    }

    /**
     * The configuration with these flags and {@code more} over it.
     *
     * @throws ConfigException naming every fault
     */
    NodeConfig config(Map<Setting, String> more) {
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
        var read = NodeConfig.of(Settings.gather(flags, System.getenv(), file), machine());
        System.setProperty("tensorlink.log.level", read.logLevel());
        return read;
    }

    /** The network that a configuration names. */
    static Network network(NodeConfig config) {
        return new Network(config.network(), config.bootstrap());
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
