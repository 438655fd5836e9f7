package tensorlink.node.cli;

import java.io.IOException;
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
import tensorlink.ledger.KeystoreException;
import tensorlink.node.Identities;
import tensorlink.node.IdentityException;
import tensorlink.node.Node;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.peer.KeyFileException;

/** Keeps who this node is. */
@Command(
        name = "identity",
        description = "Back up, restore or replace this node's keys.",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "COMMAND",
        footerHeading = "%nExample:%n",
        footer = "  tensorlink identity backup /media/stick/node.key",
        subcommands = {
            IdentityCommand.Backup.class,
            IdentityCommand.Restore.class,
            IdentityCommand.Rotate.class
        })
final class IdentityCommand implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() {
        CommandLine.usage(spec.commandLine(), System.out);
        return ExitCode.DONE.status();
    }

    /** Something done to the files of an identity. */
    @FunctionalInterface
    private interface Work<T> {
        T run() throws IOException;
    }

    /** The advice for a node that finds its identity unusable is of no use here. */
    private static <T> T refusing(Work<T> work) throws IOException {
        try {
            return work.run();
        } catch (IdentityException | KeyFileException | KeystoreException wrong) {
            throw new RefusedException(String.valueOf(wrong.getMessage()));
        }
    }

    /** Something done to them with a passphrase. */
    @FunctionalInterface
    private interface SecretWork {
        Node.Names run(char[] secret) throws IOException;
    }

    /** The passphrase is forgotten when the work is done. */
    private static Node.Names secretly(char[] secret, SecretWork work) throws IOException {
        try {
            return refusing(() -> work.run(secret));
        } finally {
            Arrays.fill(secret, ' ');
        }
    }

    private static void say(Output output, Node.Names names) {
        output.say("peer     " + names.peer());
        output.say("account  " + names.account());
    }

    private static void tell(Output output, String event, Node.Names names, Path file) {
        var facts = new LinkedHashMap<String, String>();
        facts.put("event", event);
        facts.put("peer", names.peer().toString());
        facts.put("account", names.account().toString());
        facts.put("file", file.toAbsolutePath().toString());
        facts.put("accountFile", Identities.accountOf(file).toAbsolutePath().toString());
        output.tell(facts);
    }

    /** Copies the keys to a safe place. */
    @Command(
            name = "backup",
            description = "Copy peer key and account to FILE and FILE.account.json, encrypted.",
            mixinStandardHelpOptions = true,
            showDefaultValues = true,
            footerHeading = "%nExample:%n",
            footer = "  tensorlink identity backup /media/stick/node.key")
    static final class Backup implements Callable<Integer> {
        @Mixin private HomeFlag flag = new HomeFlag();
        @Mixin private Output output = new Output();
        @Mixin private Passphrase passphrase = new Passphrase();

        @Parameters(paramLabel = "FILE", description = "where to; must not exist")
        private Path file = Path.of("");

        @Override
        public Integer call() throws IOException {
            var names =
                    secretly(
                            passphrase.read(true),
                            secret -> Identities.backup(flag.home(), file, secret));
            say(output, names);
            output.say("copied   to " + file + " and " + Identities.accountOf(file));
            output.say("Whoever has the two and the passphrase is this node.");
            tell(output, "copied", names, file);
            return ExitCode.DONE.status();
        }
    }

    /** Brings the keys back. */
    @Command(
            name = "restore",
            description = "Make the identity in FILE and FILE.account.json that of this node.",
            mixinStandardHelpOptions = true,
            showDefaultValues = true,
            footerHeading = "%nExample:%n",
            footer = "  tensorlink identity restore /media/stick/node.key --home /srv/tensorlink")
    static final class Restore implements Callable<Integer> {
        @Mixin private HomeFlag flag = new HomeFlag();
        @Mixin private Output output = new Output();
        @Mixin private Passphrase passphrase = new Passphrase();

        @Parameters(paramLabel = "FILE", description = "what `identity backup` wrote")
        private Path file = Path.of("");

        @Override
        public Integer call() throws IOException {
            var home = flag.home();
            var names =
                    secretly(
                            passphrase.read(false),
                            secret -> Identities.restore(home, file, secret));
            say(output, names);
            output.say("kept in  " + home.folder());
            output.say("Two nodes with one identity disturb each other: stop the other one.");
            tell(output, "restored", names, file);
            return ExitCode.DONE.status();
        }
    }

    /** Replaces the peer's key. */
    @Command(
            name = "rotate",
            description = "Give this node a new peer key, named by the old one; the account stays.",
            mixinStandardHelpOptions = true,
            showDefaultValues = true,
            footerHeading = "%nExample:%n",
            footer = "  tensorlink identity rotate --home /srv/tensorlink")
    static final class Rotate implements Callable<Integer> {
        @Mixin private HomeFlag flag = new HomeFlag();
        @Mixin private Output output = new Output();

        @Override
        public Integer call() throws IOException {
            var home = flag.home();
            var now = Scheduler.system().now();
            var rotation = refusing(() -> Identities.rotate(home, now));
            output.say("was        " + rotation.before() + ", kept in " + rotation.kept());
            output.say("is         " + rotation.after());
            output.say("statement  " + rotation.statement());
            output.say("Addresses that end in the old id lead nowhere now.");
            var facts = new LinkedHashMap<String, String>();
            facts.put("event", "rotated");
            facts.put("before", rotation.before().toString());
            facts.put("after", rotation.after().toString());
            facts.put("kept", rotation.kept().toString());
            facts.put("statement", rotation.statement().toString());
            output.tell(facts);
            return ExitCode.DONE.status();
        }
    }
}
