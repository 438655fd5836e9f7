package tensorlink.node.config;

import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import tensorlink.jobs.message.Protocols;
import tensorlink.ledger.Amount;
import tensorlink.node.DeviceWish;
import tensorlink.node.Isolation;
import tensorlink.node.Presence;
import tensorlink.node.Profile;
import tensorlink.node.Serving;
import tensorlink.node.hub.HubParts;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.multiaddr.Subnet;
import tensorlink.p2p.peer.PeerInfo;

/**
 * The settings as values.
 *
 * @param looksAround whether to find nodes on the local network
 * @param presence how the node is there for others
 * @param memoryBytes to lend
 * @param threads that compute, at least 1
 * @param hub where published weights are had from
 */
public record NodeConfig(
        Role role,
        String network,
        List<Multiaddr> listen,
        List<PeerInfo> bootstrap,
        boolean looksAround,
        Presence presence,
        long memoryBytes,
        int threads,
        Amount price,
        Isolation isolation,
        DeviceWish device,
        Optional<URI> hub,
        boolean keepsLedger,
        Amount newcomerCredit,
        String apiHost,
        int apiPort,
        String logLevel) {

    /** What a node does. */
    public enum Role {
        WORKER,
        VALIDATOR,
        USER;

        /** As it is written in the configuration. */
        public String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** What the machine has, for settings that are relative to it. */
    public record Machine(long memoryBytes, int cores) {}

    private static final Pattern SIZE =
            Pattern.compile("(\\d+(?:\\.\\d+)?)\\s*(%|[KMGT]i?B|B)?", Pattern.CASE_INSENSITIVE);
    private static final long MEMORY_BYTES_MIN = 1 << 20;
    private static final int THREADS_MAX = 1_024;
    private static final int CREDIT_DIGITS_MAX = 30;
    private static final List<String> LOG_LEVELS =
            List.of("error", "warn", "info", "debug", "trace");

    public NodeConfig {
        listen = List.copyOf(listen);
        bootstrap = List.copyOf(bootstrap);
    }

    /**
     * Reads the settings.
     *
     * @throws ConfigException naming every setting that cannot be used, and where it came from
     */
    public static NodeConfig of(Settings settings, Machine machine) {
        return new Reading(settings, machine).config();
    }

    private static final class Reading {
        private final Settings settings;
        private final Machine machine;
        private final List<String> faults = new ArrayList<>();

        Reading(Settings settings, Machine machine) {
            this.settings = settings;
            this.machine = machine;
        }

        private interface Parser<T> {
            T parse(String text);
        }

        NodeConfig config() {
            var role = read(Setting.NODE_ROLE, Role.USER, Reading::role);
            var profile = read(Setting.NODE_PROFILE, Profile.STANDARD, Reading::profile);
            var name = read(Setting.NETWORK_NAME, "local", Reading::networkName);
            var listen = readList(Setting.NETWORK_LISTEN, Multiaddr::parse);
            var bootstrap = readList(Setting.NETWORK_BOOTSTRAP, Reading::bootstrap);
            boolean around = read(Setting.NETWORK_MDNS, true, Reading::isOn);
            boolean nat = read(Setting.NETWORK_NAT, true, Reading::isOn);
            var allowed = readList(Setting.NETWORK_ALLOW, Subnet::parse);
            var serving = read(Setting.NETWORK_DHT, Serving.AUTO, Reading::serving);
            long memory = read(Setting.COMPUTE_MEMORY, 0L, this::bytes);
            int threads = read(Setting.COMPUTE_THREADS, 1, this::threads);
            var price = read(Setting.WORKER_PRICE, Amount.ZERO, Reading::amount);
            var isolation = read(Setting.WORKER_ISOLATION, Isolation.AUTO, Reading::isolation);
            var wish = read(Setting.COMPUTE_DEVICE, DeviceWish.any(), DeviceWish::parse);
            var device =
                    read(
                            Setting.COMPUTE_REQUIRE_GPU,
                            wish,
                            text -> isOn(text) ? wish.requiringGpu() : wish);
            var hub = read(Setting.WORKER_HUB, Optional.<URI>empty(), Reading::hub);
            boolean ledger = read(Setting.LEDGER_KIND, false, Reading::ledger);
            var credit = read(Setting.LEDGER_CREDIT, Amount.ZERO, Reading::amount);
            var api = read(Setting.API_LISTEN, new Api("127.0.0.1", 0), Reading::api);
            var level = read(Setting.LOG_LEVEL, "warn", Reading::logLevel);
            if (!faults.isEmpty()) {
                throw new ConfigException(faults);
            }
            return new NodeConfig(
                    role,
                    name,
                    listen,
                    bootstrap,
                    around,
                    Presence.defaults()
                            .withProfile(profile)
                            .withServing(serving)
                            .withAllowed(allowed)
                            .withNatOpening(nat),
                    memory,
                    threads,
                    price,
                    isolation,
                    device,
                    hub,
                    ledger,
                    credit,
                    api.host(),
                    api.port(),
                    level);
        }

        private <T> T read(Setting setting, T otherwise, Parser<T> parser) {
            try {
                return parser.parse(settings.text(setting).strip());
            } catch (IllegalArgumentException wrong) {
                fault(setting, wrong);
                return otherwise;
            }
        }

        private <T> List<T> readList(Setting setting, Parser<T> parser) {
            var items = new ArrayList<T>();
            for (var item : settings.list(setting)) {
                try {
                    items.add(parser.parse(item));
                } catch (IllegalArgumentException wrong) {
                    fault(setting, wrong);
                }
            }
            return items;
        }

        private void fault(Setting setting, IllegalArgumentException wrong) {
            faults.add(
                    settings.place(setting)
                            + ": "
                            + setting.key()
                            + " = \""
                            + settings.text(setting)
                            + "\": "
                            + wrong.getMessage());
        }

        private static Role role(String text) {
            return switch (text.toLowerCase(Locale.ROOT)) {
                case "worker" -> Role.WORKER;
                case "validator" -> Role.VALIDATOR;
                case "user" -> Role.USER;
                default -> throw new IllegalArgumentException("must be worker, validator or user");
            };
        }

        private static String networkName(String text) {
            return new Protocols(text).network();
        }

        private static PeerInfo bootstrap(String text) {
            var peer = PeerInfo.parse(text);
            if (peer.addresses().isEmpty()) {
                throw new IllegalArgumentException(
                        text + " says who, but not where: /ip4/ADDRESS/tcp/PORT" + text);
            }
            return peer;
        }

        private static boolean isOn(String text) {
            return switch (text) {
                case "on" -> true;
                case "off" -> false;
                default -> throw new IllegalArgumentException("must be on or off");
            };
        }

        private static Profile profile(String text) {
            return switch (text) {
                case "standard" -> Profile.STANDARD;
                case "lowpower" -> Profile.LOWPOWER;
                default -> throw new IllegalArgumentException("must be standard or lowpower");
            };
        }

        private static Serving serving(String text) {
            return switch (text) {
                case "auto" -> Serving.AUTO;
                case "server" -> Serving.SERVER;
                case "client" -> Serving.CLIENT;
                default -> throw new IllegalArgumentException("must be auto, server or client");
            };
        }

        private static Isolation isolation(String text) {
            return switch (text) {
                case "auto" -> Isolation.AUTO;
                case "process" -> Isolation.PROCESS;
                case "none" -> Isolation.NONE;
                default -> throw new IllegalArgumentException("must be auto, process or none");
            };
        }

        private static Optional<URI> hub(String text) {
            return text.equals("off") ? Optional.empty() : Optional.of(HubParts.endpoint(text));
        }

        private static Amount amount(String text) {
            if (!text.matches("\\d{1," + CREDIT_DIGITS_MAX + "}")) {
                throw new IllegalArgumentException(
                        "must be a whole number, 0 or more, of at most "
                                + CREDIT_DIGITS_MAX
                                + " digits");
            }
            return Amount.parse(text);
        }

        private static boolean ledger(String text) {
            return switch (text) {
                case "none" -> false;
                case "file" -> true;
                default -> throw new IllegalArgumentException("must be none or file");
            };
        }

        private record Api(String host, int port) {}

        private static Api api(String text) {
            int colon = text.lastIndexOf(':');
            var host = colon < 0 ? "" : text.substring(0, colon);
            if (!host.equals("127.0.0.1") && !host.equals("localhost") && !host.equals("[::1]")) {
                throw new IllegalArgumentException(
                        "must be 127.0.0.1:PORT; other machines cannot be let in yet");
            }
            return new Api(host, port(text.substring(colon + 1)));
        }

        private static int port(String text) {
            if (!text.matches("\\d{1,5}") || Integer.parseInt(text) > 65_535) {
                throw new IllegalArgumentException("port must be 0 to 65535");
            }
            return Integer.parseInt(text);
        }

        private static String logLevel(String text) {
            if (!LOG_LEVELS.contains(text)) {
                throw new IllegalArgumentException(
                        "must be "
                                + String.join(", ", LOG_LEVELS.subList(0, LOG_LEVELS.size() - 1))
                                + " or "
                                + LOG_LEVELS.getLast());
            }
            return text;
        }

        private int threads(String text) {
            int threads = text.matches("\\d{1,4}") ? Integer.parseInt(text) : -1;
            if (threads < 0 || threads > THREADS_MAX) {
                throw new IllegalArgumentException("must be 0 to " + THREADS_MAX);
            }
            return threads == 0 ? machine.cores() : threads;
        }

        private long bytes(String text) {
            var matcher = SIZE.matcher(text);
            if (!matcher.matches()) {
                throw new IllegalArgumentException(
                        "must be a size, such as \"4 GiB\", \"800 MB\" or \"50%\"");
            }
            double number = Double.parseDouble(matcher.group(1));
            var unit = matcher.group(2) == null ? "B" : matcher.group(2).toUpperCase(Locale.ROOT);
            if (unit.equals("%")) {
                if (number > 100) {
                    throw new IllegalArgumentException("must be at most 100%");
                }
                return requireLendable(machine.memoryBytes() * number / 100);
            }
            double base = unit.length() == 3 ? 1024 : 1000;
            return requireLendable(number * Math.pow(base, "BKMGT".indexOf(unit.charAt(0))));
        }

        private long requireLendable(double bytes) {
            if (bytes < MEMORY_BYTES_MIN || bytes > machine.memoryBytes()) {
                throw new IllegalArgumentException(
                        String.format(
                                Locale.ROOT,
                                "must be %d MiB to the %d MiB this machine has",
                                MEMORY_BYTES_MIN >> 20,
                                machine.memoryBytes() >> 20));
            }
            return (long) bytes;
        }
    }
}
