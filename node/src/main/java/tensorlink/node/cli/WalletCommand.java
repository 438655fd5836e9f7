package tensorlink.node.cli;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tensorlink.ledger.Account;
import tensorlink.ledger.KeystoreException;
import tensorlink.node.IdentityException;
import tensorlink.node.Wallet;
import tools.jackson.databind.JsonNode;

/** Keeps accounts, which hold money. */
@Command(
        name = "wallet",
        description = "Make, show or import the account that pays and is paid.",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "COMMAND",
        footerHeading = "%nExample:%n",
        footer = "  tensorlink wallet new savings.json --password-file secret.txt",
        subcommands = {
            WalletCommand.New.class,
            WalletCommand.Show.class,
            WalletCommand.Import.class
        })
final class WalletCommand implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() {
        CommandLine.usage(spec.commandLine(), System.out);
        return ExitCode.DONE.status();
    }

    /** Something done to a keystore with its password. */
    @FunctionalInterface
    private interface Work {
        Account run(char[] password) throws IOException;
    }

    /** The password is forgotten when the work is done. */
    private static Account secretly(char[] password, Work work) throws IOException {
        try {
            return work.run(password);
        } catch (FileAlreadyExistsException taken) {
            throw new RefusedException(taken.getFile() + " exists already and is not overwritten");
        } catch (IdentityException | KeystoreException wrong) {
            throw new RefusedException(String.valueOf(wrong.getMessage()));
        } finally {
            Arrays.fill(password, ' ');
        }
    }

    private static void tell(Output output, String event, Account account, Path file) {
        var facts = new LinkedHashMap<String, String>();
        facts.put("event", event);
        facts.put("account", account.toString());
        facts.put("file", file.toAbsolutePath().toString());
        output.tell(facts);
    }

    /** Makes an account. */
    @Command(
            name = "new",
            description = "Make a new account in FILE, an Ethereum keystore (version 3).",
            mixinStandardHelpOptions = true,
            showDefaultValues = true,
            footerHeading = "%nExample:%n",
            footer = "  tensorlink wallet new savings.json --password-file secret.txt")
    static final class New implements Callable<Integer> {
        @Mixin private Output output = new Output();
        @Mixin private Password password = new Password();

        @Parameters(paramLabel = "FILE", description = "where to; must not exist")
        private Path file = Path.of("");

        @Override
        public Integer call() throws IOException {
            var account = secretly(password.read(true), secret -> Wallet.create(file, secret));
            output.say("account  " + account);
            output.say("file     " + file + ", for its owner alone");
            output.say(
                    "Whoever has the file and the password has the money; without them it is"
                            + " lost.");
            tell(output, "created", account, file);
            return ExitCode.DONE.status();
        }
    }

    /** Shows the node's account and, if the node runs, what it has. */
    @Command(
            name = "show",
            description = "Show this node's account, and what it has if the node runs.",
            mixinStandardHelpOptions = true,
            showDefaultValues = true,
            footerHeading = "%nExample:%n",
            footer = "  tensorlink wallet show -o json")
    static final class Show implements Callable<Integer> {
        @Mixin private HomeFlag flag = new HomeFlag();
        @Mixin private Output output = new Output();

        @Override
        public Integer call() throws IOException, InterruptedException {
            var home = flag.home();
            Account account;
            try {
                account = Wallet.of(home);
            } catch (IdentityException none) {
                throw new RefusedException(
                        none.getMessage() + "\n  try: tensorlink up, or tensorlink wallet import");
            }
            output.say("account  " + account);
            var facts = new LinkedHashMap<String, Object>();
            facts.put("account", account.toString());
            try {
                var told = new NodeClient(home).get(LedgerRoutes.ACCOUNT);
                for (var entry : told.properties()) {
                    facts.put(entry.getKey(), entry.getValue());
                }
                say(told);
            } catch (NotRunningException offline) {
                facts.put("ledger", "not asked");
                output.say("ledger   not asked: no node runs from " + home.folder());
            }
            output.tell(facts);
            return ExitCode.DONE.status();
        }

        private void say(JsonNode told) {
            if (!told.has("credits")) {
                output.say("ledger   " + told.path("ledger").asString());
                return;
            }
            output.say("credits  " + told.path("credits").asString());
            output.say(
                    "deposit  "
                            + told.path("balance").asString()
                            + " of "
                            + told.path("deposited").asString()
                            + " deposited");
        }
    }

    /** Brings an account into the node's home. */
    @Command(
            name = "import",
            description = "Make the account in FILE, a keystore, that of this node.",
            mixinStandardHelpOptions = true,
            showDefaultValues = true,
            footerHeading = "%nExample:%n",
            footer = "  tensorlink wallet import savings.json --home /srv/tensorlink")
    static final class Import implements Callable<Integer> {
        @Mixin private HomeFlag flag = new HomeFlag();
        @Mixin private Output output = new Output();
        @Mixin private Password password = new Password();

        @Parameters(
                paramLabel = "FILE",
                description = "an Ethereum keystore (version 3), mode 0600")
        private Path file = Path.of("");

        @Override
        public Integer call() throws IOException {
            var home = flag.home();
            var account =
                    secretly(password.read(false), secret -> Wallet.adopt(home, file, secret));
            output.say("account  " + account);
            output.say("kept in  " + home.folder());
            tell(output, "imported", account, file);
            return ExitCode.DONE.status();
        }
    }
}
