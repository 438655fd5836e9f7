package tensorlink.node.config;

import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Everything that can be set: its key in the file, its default and what it is for. */
public enum Setting {
    NODE_ROLE("node.role", Kind.TEXT, "worker", "what this node does: worker, validator or user"),
    NODE_PROFILE(
            "node.profile",
            Kind.TEXT,
            "standard",
            "standard or lowpower: how much an idle node says on the network"),
    NETWORK_NAME("network.name", Kind.TEXT, "local", "the network to join"),
    NETWORK_LISTEN(
            "network.listen",
            Kind.LIST,
            "/ip4/127.0.0.1/tcp/0",
            "addresses to listen on; port 0 takes a free one"),
    NETWORK_BOOTSTRAP(
            "network.bootstrap",
            Kind.LIST,
            "",
            "peers to ask first, each as /ip4/ADDRESS/tcp/PORT/p2p/ID"),
    NETWORK_MDNS(
            "network.mdns",
            Kind.TEXT,
            "on",
            "on or off: whether to find nodes on the local network, unless all of it is loopback"),
    NETWORK_NAT(
            "network.nat",
            Kind.TEXT,
            "on",
            "on or off: whether to have the router pass on to this node, to be called by way of"
                    + " relays where it does not, to relay for others, and to get through NATs; not"
                    + " in a private network, nor when all of it is loopback"),
    NETWORK_ALLOW(
            "network.allow",
            Kind.LIST,
            "",
            "subnets outside which nobody is dialled or let in, as 10.0.0.0/8; none for"
                    + " everywhere"),
    NETWORK_DHT(
            "network.dht",
            Kind.TEXT,
            "auto",
            "auto, server or client: whether others may ask this node for the way; auto: while they"
                    + " can dial it"),
    COMPUTE_MEMORY("compute.memory", Kind.TEXT, "50%", "memory to lend, as \"4 GiB\" or \"50%\""),
    COMPUTE_THREADS("compute.threads", Kind.NUMBER, "0", "threads that compute; 0 for every core"),
    COMPUTE_DEVICE(
            "compute.device",
            Kind.TEXT,
            "auto",
            "auto, cpu, cuda or cuda:0,1: what to compute on; with auto what was not chosen is"
                    + " said, anything else that cannot be had is an error"),
    COMPUTE_REQUIRE_GPU(
            "compute.require_gpu",
            Kind.TEXT,
            "off",
            "on or off: whether to rather not start than compute on a processor"),
    WORKER_PRICE("worker.price", Kind.NUMBER, "0", "credits asked per token and layer"),
    WORKER_ISOLATION(
            "worker.isolation",
            Kind.TEXT,
            "auto",
            "auto, process or none: whether each stage is computed by a process of its own, so that"
                    + " a crash costs one stage; auto: where strangers may send work, not in a"
                    + " private network nor when all of it is loopback"),
    WORKER_HUB(
            "worker.hub",
            Kind.TEXT,
            "off",
            "off, or https://HOST of a Hugging Face hub: where to have the bytes of a job's layers"
                    + " from when its model is published, rather than from its user"),
    LEDGER_KIND("ledger.kind", Kind.TEXT, "none", "on a validator: none or file"),
    LEDGER_CREDIT(
            "ledger.credit",
            Kind.NUMBER,
            "0",
            "on a validator: credits each new user of the network starts with"),
    API_LISTEN(
            "api.listen",
            Kind.TEXT,
            "127.0.0.1:0",
            "where this machine's own commands reach the node; port 0 takes a free one"),
    LOG_LEVEL("log.level", Kind.TEXT, "warn", "error, warn, info, debug or trace");

    /** The type a value has in the file. */
    public enum Kind {
        TEXT,
        NUMBER,
        LIST
    }

    private final String key;
    private final Kind kind;
    private final String preset;
    private final String description;

    Setting(String key, Kind kind, String preset, String description) {
        this.key = key;
        this.kind = kind;
        this.preset = preset;
        this.description = description;
    }

    /** The dotted key, such as {@code network.name}. */
    public String key() {
        return key;
    }

    public Kind kind() {
        return kind;
    }

    /** The value when nobody says otherwise; list items are separated by commas. */
    public String preset() {
        return preset;
    }

    public String description() {
        return description;
    }

    /** The environment variable, such as {@code TENSORLINK_NETWORK_NAME}. */
    public String variable() {
        return "TENSORLINK_" + key.toUpperCase(Locale.ROOT).replace('.', '_');
    }

    /** The setting with this dotted key. */
    static Optional<Setting> byKey(String key) {
        for (var setting : values()) {
            if (setting.key.equals(key)) {
                return Optional.of(setting);
            }
        }
        return Optional.empty();
    }

    /** The known key that was probably meant by {@code key}; empty when none is close. */
    static Optional<String> nearest(String key) {
        return Spelling.nearest(key, List.of(values()).stream().map(Setting::key).toList());
    }

    /** The part of the key before the dot: its table in the file. */
    String section() {
        return key.substring(0, key.indexOf('.'));
    }

    /** Every section, once. */
    static List<String> sections() {
        return List.of(values()).stream().map(Setting::section).distinct().toList();
    }
}
