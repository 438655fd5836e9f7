package tensorlink.node.cli;

import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tensorlink.ledger.Amount;
import tensorlink.ledger.Bytes32;
import tensorlink.ledger.evm.EvmChain;
import tensorlink.node.Home;
import tensorlink.node.Networks;
import tensorlink.node.Networks.Accounts;
import tensorlink.node.Node;
import tensorlink.node.network.ContractFile;
import tensorlink.node.network.Descriptor;
import tensorlink.node.network.Invitation;
import tensorlink.node.network.LedgerTerms;
import tensorlink.node.network.Membership;
import tensorlink.node.network.MembershipFolder;
import tensorlink.node.network.NetworkException;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.PeerInfo;
import tensorlink.p2p.peer.PreSharedKey;

/** Keeps which network this node is part of. */
@Command(
        name = "network",
        description = "Found, show, join or leave a network, or invite others into it.",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "COMMAND",
        footerHeading = "%nExample:%n",
        footer = "  tensorlink network create team",
        subcommands = {
            NetworkCommand.Deploy.class,
            NetworkCommand.Create.class,
            NetworkCommand.Show.class,
            NetworkCommand.Invite.class,
            NetworkCommand.Join.class,
            NetworkCommand.Leave.class
        })
final class NetworkCommand implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() {
        CommandLine.usage(spec.commandLine(), System.out);
        return ExitCode.DONE.status();
    }

    private static final int FILE_NAME_MAX = 250;

    private static final String ANYONE =
            "Whoever has this line is let in, and its key stays good when the line expires.";

    private static void say(Output output, Membership membership) {
        var network = membership.network();
        output.say("network    " + network.name() + ", " + access(membership));
        output.say("id         " + network.id());
        output.say("protocols  " + network.prefix() + "/...");
        output.say("founded    " + network.terms().founded() + " by " + network.founder());
        for (var address : network.terms().bootstrap()) {
            output.say("bootstrap  " + address);
        }
        membership
                .invitation()
                .ifPresent(invitation -> {
                    output.say("invited    by " + invitation.inviter());
                    for (var entry : invitation.content().entries()) {
                        entry.fullAddresses()
                                .forEach(address -> output.say("entry      " + address));
                    }
                });
        network.terms().ledger().ifPresent(ledger -> output.say("ledger     " + text(ledger)));
    }

    private static String access(Membership membership) {
        return membership
                .key()
                .map(key -> "private, key fingerprint " + key.fingerprint())
                .orElse("open to everybody");
    }

    private static String text(LedgerTerms ledger) {
        return switch (ledger) {
            case LedgerTerms.File(var issuer) -> "in a file, issued by " + issuer;
            case LedgerTerms.Contract contract ->
                    "contract " + contract.address() + " on chain " + contract.chainId();
            case LedgerTerms.Smartnodes(var contracts) ->
                    "Smartnodes core "
                            + contracts.core().address()
                            + " on chain "
                            + contracts.chain().chainId();
        };
    }

    private static Map<String, Object> facts(String event, Membership membership) {
        var network = membership.network();
        var facts = new LinkedHashMap<String, Object>();
        facts.put("event", event);
        facts.put("name", network.name());
        facts.put("id", network.id());
        facts.put("label", network.label());
        facts.put("prefix", network.prefix());
        facts.put("private", network.isPrivate());
        membership.key().map(PreSharedKey::fingerprint).ifPresent(it -> facts.put("key", it));
        facts.put("founder", network.founder().toString());
        facts.put("founded", network.terms().founded().toString());
        facts.put("bootstrap", texts(network.terms().bootstrap()));
        membership
                .invitation()
                .ifPresent(invitation -> {
                    facts.put("inviter", invitation.inviter().toString());
                    facts.put("entries", entries(invitation));
                });
        network.terms().ledger().map(NetworkCommand::text).ifPresent(it -> facts.put("ledger", it));
        return facts;
    }

    private static List<String> entries(Invitation invitation) {
        var entries = new ArrayList<String>();
        for (var entry : invitation.content().entries()) {
            entries.addAll(texts(entry.fullAddresses()));
        }
        return entries;
    }

    private static List<String> texts(List<Multiaddr> addresses) {
        return addresses.stream().map(Multiaddr::toString).toList();
    }

    private static Multiaddr address(String text) {
        try {
            return Multiaddr.parse(text);
        } catch (IllegalArgumentException wrong) {
            throw new UsageException(String.valueOf(wrong.getMessage()));
        }
    }

    /** Puts the contract on a chain. */
    @Command(
            name = "deploy",
            description = {
                "Deploy our contract on a chain and write where it is to FILE, for `network create",
                "--contract FILE`. This home's account pays, with about five million gas, and",
                "alone can issue the credits."
            },
            mixinStandardHelpOptions = true,
            showDefaultValues = true,
            footerHeading = "%nExample:%n",
            footer =
                    "  tensorlink network deploy mainnet.json --chain-id 8453 --rpc"
                            + " https://rpc.example.org")
    static final class Deploy implements Callable<Integer> {
        @Mixin private HomeFlag flag = new HomeFlag();
        @Mixin private Output output = new Output();

        @Parameters(paramLabel = "FILE", description = "to write, which must not exist")
        private Path file = Path.of("");

        @Option(
                names = "--chain-id",
                paramLabel = "N",
                required = true,
                description = "of the chain, which every endpoint must show")
        private long chainId;

        @Option(
                names = "--rpc",
                paramLabel = "URL",
                required = true,
                description =
                        "an endpoint of JSON-RPC, http(s) or ws(s); repeatable, at least two are"
                                + " wise")
        private List<URI> endpoints = List.of();

        @Option(
                names = "--stake-min",
                paramLabel = "CREDITS",
                defaultValue = "1000",
                description = "the least collateral of a validator")
        private long stakeMin;

        @Option(
                names = "--validators-min",
                paramLabel = "N",
                defaultValue = "4",
                description = "the fewest validators that post reward roots")
        private int validatorsMin;

        @Override
        public Integer call() throws IOException, InterruptedException {
            UsageException.requireRange("--stake-min", stakeMin, 1, Long.MAX_VALUE);
            UsageException.requireRange("--validators-min", validatorsMin, 1, 1_000);
            if (Files.exists(file)) {
                throw new UsageException(file + " exists");
            }
            var home = flag.home();
            output.progress("deploying, paid for by " + Node.names(home).account());
            var contract = Networks.deploy(home, chain(), Amount.of(stakeMin), validatorsMin);
            new ContractFile(contract, List.of()).write(file);
            output.say("contract   " + contract.address() + " on chain " + contract.chainId());
            output.say("block      " + contract.block());
            output.say("code       " + new Bytes32(contract.codeHash()));
            output.say("  next: tensorlink network create NAME --contract " + file);
            output.tell(
                    Map.of(
                            "event", "deployed",
                            "contract", contract.address().toString(),
                            "chainId", contract.chainId(),
                            "block", contract.block(),
                            "file", file.toString()));
            return ExitCode.DONE.status();
        }

        private EvmChain chain() {
            try {
                return EvmChain.of(chainId, endpoints);
            } catch (IllegalArgumentException wrong) {
                throw new UsageException(String.valueOf(wrong.getMessage()));
            }
        }
    }

    /** Founds a network. */
    @Command(
            name = "create",
            description = "Found a network, private unless said, and make this home part of it.",
            mixinStandardHelpOptions = true,
            showDefaultValues = true,
            footerHeading = "%nExamples:%n",
            footer = {
                "  tensorlink network create team",
                "  tensorlink network create lab --public --bootstrap /dnsaddr/lab.example.org"
            })
    static final class Create implements Callable<Integer> {
        @Mixin private HomeFlag flag = new HomeFlag();
        @Mixin private Output output = new Output();

        @Parameters(
                paramLabel = "NAME",
                description = "for people: 1 to 40 of a-z, 0-9, dot and dash")
        private String name = "";

        @Option(names = "--public", description = "let everybody in: no key")
        private boolean isPublic;

        @Option(
                names = "--bootstrap",
                paramLabel = "ADDRESS",
                description =
                        "where every member asks first, as /ip4/ADDRESS/tcp/PORT/p2p/ID or"
                                + " /dnsaddr/NAME; repeatable, at most "
                                + Descriptor.BOOTSTRAP_MAX,
                showDefaultValue = CommandLine.Help.Visibility.NEVER)
        private List<String> bootstrap = List.of();

        @Option(
                names = "--ledger",
                description = "this home's account issues the credits of a ledger in a file")
        private boolean ledger;

        @Option(
                names = "--contract",
                paramLabel = "FILE",
                description =
                        "found a public network whose ledger is the contract that FILE tells of,"
                                + " as `network deploy` writes it, or the Smartnodes contracts")
        private @Nullable Path contract;

        @Override
        public Integer call() throws IOException {
            var addresses =
                    new ArrayList<>(bootstrap.stream().map(NetworkCommand::address).toList());
            Accounts accounts = ledger ? new Accounts.OwnFile() : new Accounts.None();
            boolean hidden = !isPublic;
            if (contract != null) {
                if (ledger) {
                    throw new UsageException(
                            "--ledger is in a file, --contract on a chain: not both");
                }
                var read = ContractFile.read(contract);
                addresses.addAll(read.seeds());
                accounts = new Accounts.OnChain(read.ledger());
                hidden = false;
            }
            var founded = create(flag.home(), name, hidden, addresses, accounts);
            say(output, founded);
            output.say("  next: tensorlink up, then tensorlink network invite");
            output.tell(facts("created", founded));
            return ExitCode.DONE.status();
        }
    }

    /** Founds a network with what a command line says. */
    static Membership create(
            Home home, String name, boolean isPrivate, List<Multiaddr> bootstrap, Accounts accounts)
            throws IOException {
        try {
            return Networks.create(
                    home,
                    new Networks.Founding(name, isPrivate, bootstrap, accounts),
                    Scheduler.system().now());
        } catch (IllegalArgumentException wrong) {
            throw new UsageException(String.valueOf(wrong.getMessage()));
        }
    }

    /** Shows the network. */
    @Command(
            name = "show",
            description = "Show the network this home is part of, without its key.",
            mixinStandardHelpOptions = true,
            showDefaultValues = true,
            footerHeading = "%nExample:%n",
            footer = "  tensorlink network show -o json")
    static final class Show implements Callable<Integer> {
        @Mixin private HomeFlag flag = new HomeFlag();
        @Mixin private Output output = new Output();

        @Option(
                names = "--save",
                paramLabel = "FILE",
                description =
                        "write the founder's signed description, by which others join a public"
                                + " network; it has no key and does not expire")
        private @Nullable Path file;

        @Override
        public Integer call() throws IOException {
            var membership =
                    Networks.membership(flag.home())
                            .orElseThrow(() ->
                                    new NetworkException(
                                            "the home "
                                                    + flag.home().folder()
                                                    + " is part of no network\n  try: tensorlink"
                                                    + " network join INVITATION"));
            if (file != null) {
                MembershipFolder.publish(membership.network(), file);
            }
            say(output, membership);
            output.tell(facts("shown", membership));
            return ExitCode.DONE.status();
        }
    }

    /** Makes an invitation. */
    @Command(
            name = "invite",
            description = "Print a line that lets whoever has it into this home's network.",
            mixinStandardHelpOptions = true,
            showDefaultValues = true,
            footerHeading = "%nExample:%n",
            footer = "  tensorlink network invite --expires 24h")
    static final class Invite implements Callable<Integer> {
        @Mixin private HomeFlag flag = new HomeFlag();
        @Mixin private Output output = new Output();

        @Option(
                names = "--expires",
                paramLabel = "TIME",
                description = "for how long it can be used, as 30m, 12h or 7d",
                defaultValue = "7d")
        private Duration lifetime = Duration.ofDays(7);

        @Option(
                names = "--address",
                paramLabel = "ADDRESS",
                description =
                        "where the invited ask first, as /ip4/ADDRESS/tcp/PORT/p2p/ID; repeatable;"
                                + " those of this home's running node unless said",
                showDefaultValue = CommandLine.Help.Visibility.NEVER)
        private List<String> addresses = List.of();

        @Override
        public Integer call() throws IOException, InterruptedException {
            long seconds = lifetime.toSeconds();
            UsageException.requireRange(
                    "--expires", seconds, 60, Invitation.LIFETIME_MAX.toSeconds());
            var home = flag.home();
            var invitation =
                    Networks.invite(home, entries(home), lifetime, Scheduler.system().now());
            var content = invitation.content();
            output.say(invitation.text());
            var facts = new LinkedHashMap<String, Object>();
            facts.put("event", "invited");
            facts.put("invitation", invitation.text());
            facts.put("name", content.network().name());
            facts.put("id", content.network().id());
            facts.put("entries", NetworkCommand.entries(invitation));
            facts.put("expires", content.expiry().toString());
            if (!output.json()) {
                output.warn(
                        "for \""
                                + content.network().name()
                                + "\", until "
                                + content.expiry()
                                + ". "
                                + (content.key().isPresent() ? ANYONE : ""));
            }
            if (content.entries().stream()
                    .flatMap(entry -> entry.addresses().stream())
                    .allMatch(Multiaddr::isLoopback)) {
                output.warn("it works on this machine only: all its addresses are loopback");
            }
            output.tell(facts);
            return ExitCode.DONE.status();
        }

        private List<PeerInfo> entries(Home home) throws IOException, InterruptedException {
            var texts = new ArrayList<>(addresses);
            if (texts.isEmpty()) {
                texts.addAll(ofRunningNode(home));
            }
            var entries = new ArrayList<PeerInfo>();
            for (var text : texts) {
                try {
                    entries.add(PeerInfo.of(address(text)));
                } catch (IllegalArgumentException wrong) {
                    throw new UsageException(String.valueOf(wrong.getMessage()));
                }
            }
            return entries;
        }

        /** Its own addresses, then those of others that let it in: it may be away when they ask. */
        private static List<String> ofRunningNode(Home home)
                throws IOException, InterruptedException {
            var texts = new ArrayList<String>();
            try {
                var status = new NodeClient(home).get("/api/v1/status");
                status.path("addresses").forEach(address -> texts.add(address.asString()));
                for (var entrance : status.path("entrances")) {
                    if (entrance.path("isKnown").asBoolean()) {
                        var end = "/p2p/" + entrance.path("peer").asString();
                        entrance.path("addresses")
                                .forEach(address -> texts.add(address.asString() + end));
                    }
                }
            } catch (NotRunningException stopped) {
                texts.addAll(remembered(home, stopped));
            }
            return texts;
        }

        /** Where this home was let in itself. */
        private static List<String> remembered(Home home, NotRunningException stopped)
                throws IOException {
            var membership = Networks.membership(home);
            var texts = new ArrayList<String>();
            if (membership.isPresent()) {
                for (var entry : membership.get().invitedTo()) {
                    entry.fullAddresses().forEach(address -> texts.add(address.toString()));
                }
                if (texts.isEmpty() && membership.get().network().terms().bootstrap().isEmpty()) {
                    throw new NotRunningException(
                            stopped.getMessage()
                                    + "\n  or: name where the invited ask first, as --address"
                                    + " /ip4/ADDRESS/tcp/PORT/p2p/ID");
                }
            }
            return texts;
        }
    }

    /** Joins a network. */
    @Command(
            name = "join",
            description =
                    "Make this home part of the network of an invitation, or of a public network"
                            + " that its founder describes.",
            mixinStandardHelpOptions = true,
            showDefaultValues = true,
            footerHeading = "%nExamples:%n",
            footer = {
                "  tensorlink network join tl1...",
                "  tensorlink network join - < invitation.txt",
                "  tensorlink network join mainnet.network"
            })
    static final class Join implements Callable<Integer> {
        @Mixin private HomeFlag flag = new HomeFlag();
        @Mixin private Output output = new Output();

        @Parameters(
                paramLabel = "INVITATION",
                description =
                        "what `network invite` printed; - reads it from standard input; or the"
                                + " file that `network show --save` wrote")
        private String text = "";

        @Override
        public Integer call() throws IOException {
            var joined =
                    isFile(text)
                            ? Networks.join(flag.home(), MembershipFolder.published(Path.of(text)))
                            : Networks.join(flag.home(), read(text), Scheduler.system().now());
            say(output, joined);
            output.say("  next: tensorlink up");
            output.tell(facts("joined", joined));
            return ExitCode.DONE.status();
        }
    }

    /** No invitation is as short as a file's name may be. */
    private static boolean isFile(String argument) {
        return argument.length() <= FILE_NAME_MAX
                && !argument.equals("-")
                && Files.isRegularFile(Path.of(argument));
    }

    /** Reads an invitation that was given as an argument; a dash stands for standard input. */
    static Invitation read(String argument) throws IOException {
        if (!argument.equals("-")) {
            return Invitation.parse(argument);
        }
        // A text with a line break after every character is no longer than that.
        var bytes = System.in.readNBytes(2 * Invitation.TEXT_LENGTH_MAX);
        return Invitation.parse(new String(bytes, StandardCharsets.UTF_8));
    }

    /** Leaves the network. */
    @Command(
            name = "leave",
            description = "Forget the network's key and peers; identity, account and jobs stay.",
            mixinStandardHelpOptions = true,
            showDefaultValues = true,
            footerHeading = "%nExample:%n",
            footer = "  tensorlink network leave --home /srv/tensorlink")
    static final class Leave implements Callable<Integer> {
        @Mixin private HomeFlag flag = new HomeFlag();
        @Mixin private Output output = new Output();

        @Override
        public Integer call() throws IOException {
            var left = Networks.leave(flag.home());
            output.say("left " + left.network().name() + ", id " + left.network().id());
            output.tell(facts("left", left));
            return ExitCode.DONE.status();
        }
    }
}
