package tensorlink.node.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** What a node has earned. */
@Command(
        name = "rewards",
        description = "Show or claim what this node has earned; asks the running node.",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "COMMAND",
        footerHeading = "%nExample:%n",
        footer = "  tensorlink rewards show -o json",
        subcommands = {
            RewardsCommand.Show.class,
            RewardsCommand.Claim.class,
            RewardsCommand.History.class
        })
final class RewardsCommand implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() {
        CommandLine.usage(spec.commandLine(), System.out);
        return ExitCode.DONE.status();
    }

    /** Shows the pool and the roots. */
    @Command(
            name = "show",
            description = "Show what was claimed, the pool, and the roots that count and wait.",
            mixinStandardHelpOptions = true,
            showDefaultValues = true,
            footerHeading = "%nExample:%n",
            footer = "  tensorlink rewards show")
    static final class Show implements Callable<Integer> {
        @Mixin private HomeFlag flag = new HomeFlag();
        @Mixin private Output output = new Output();

        @Override
        public Integer call() throws IOException, InterruptedException {
            var answer = new NodeClient(flag.home()).get(LedgerRoutes.REWARDS);
            output.say("account  " + answer.path("account").asString());
            output.say("claimed  " + answer.path("claimed").asString());
            output.say(
                    "pool     "
                            + answer.path("pool").asString()
                            + ", "
                            + answer.path("claimedByAll").asString()
                            + " claimed by all");
            for (var which : new String[] {"active", "pending"}) {
                var root = answer.path(which);
                if (root.isObject()) {
                    output.say(
                            which
                                    + "  epoch "
                                    + root.path("epoch").asLong()
                                    + ", "
                                    + root.path("total").asString()
                                    + " in all, from "
                                    + root.path("activeFrom").asString());
                }
            }
            output.tell(answer);
            return ExitCode.DONE.status();
        }
    }

    /** Claims. */
    @Command(
            name = "claim",
            description = "Claim what the list in FILE says this node has earned.",
            mixinStandardHelpOptions = true,
            showDefaultValues = true,
            footerHeading = "%nExample:%n",
            footer = "  tensorlink rewards claim earned.json")
    static final class Claim implements Callable<Integer> {
        @Mixin private HomeFlag flag = new HomeFlag();
        @Mixin private Output output = new Output();

        @Parameters(
                paramLabel = "FILE",
                description =
                        "the list that the root was made of: {\"0xACCOUNT\": \"AMOUNT\", ...}")
        private Path file = Path.of("");

        @Override
        public Integer call() throws IOException, InterruptedException {
            var question = Map.of("earned", LedgerVerb.read(file));
            var answer =
                    new NodeClient(flag.home())
                            .post(LedgerRoutes.CLAIM, question, output::progress);
            output.say(
                    answer.has("amount")
                            ? "claimed  " + answer.path("amount").asString()
                            : "nothing more to claim");
            output.tell(answer);
            return ExitCode.DONE.status();
        }
    }

    /** Lists payments. */
    @Command(
            name = "history",
            description = "List what this node was paid: rewards, vouchers and verdicts.",
            mixinStandardHelpOptions = true,
            showDefaultValues = true,
            footerHeading = "%nExample:%n",
            footer = "  tensorlink rewards history -o json")
    static final class History implements Callable<Integer> {
        @Mixin private HomeFlag flag = new HomeFlag();
        @Mixin private Output output = new Output();

        @Override
        public Integer call() throws IOException, InterruptedException {
            var answer = new NodeClient(flag.home()).get(LedgerRoutes.HISTORY);
            for (var payment : answer.path("payments")) {
                output.say(
                        payment.path("time").asString()
                                + "  "
                                + payment.path("kind").asString()
                                + "  "
                                + payment.path("amount").asString()
                                + "  "
                                + payment.path("payer").asString(""));
            }
            if (answer.path("payments").isEmpty()) {
                output.say("nothing was paid to " + answer.path("account").asString());
            }
            output.tell(answer);
            return ExitCode.DONE.status();
        }
    }
}
