package tensorlink.node.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.databind.JsonNode;

/** What a validator does on the ledger. */
@Command(
        name = "validator",
        description = "Show validators and their rounds, and vote; asks the running node.",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "COMMAND",
        footerHeading = "%nExample:%n",
        footer = "  tensorlink validator status -o json",
        subcommands = {
            ValidatorCommand.Status.class,
            ValidatorCommand.Rounds.class,
            ValidatorCommand.Vote.class,
            ValidatorCommand.Disputes.class,
            RoundCommand.class,
            ValidatorCommand.Issue.class,
            ValidatorCommand.Stake.class
        })
final class ValidatorCommand implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() {
        CommandLine.usage(spec.commandLine(), System.out);
        return ExitCode.DONE.status();
    }

    /** Shows how this node stands as a validator. */
    @Command(
            name = "status",
            description = "Show this validator's collateral, the others, and what they sign.",
            mixinStandardHelpOptions = true,
            showDefaultValues = true,
            footerHeading = "%nExample:%n",
            footer = "  tensorlink validator status")
    static final class Status implements Callable<Integer> {
        @Mixin private HomeFlag flag = new HomeFlag();
        @Mixin private Output output = new Output();

        @Override
        public Integer call() throws IOException, InterruptedException {
            var answer = new NodeClient(flag.home()).get(LedgerRoutes.VALIDATOR);
            output.say(
                    "account     "
                            + answer.path("account").asString()
                            + (answer.path("validates").asBoolean()
                                    ? ", validates"
                                    : ", does not validate"));
            output.say(
                    "collateral  "
                            + answer.path("collateral").asString()
                            + " of "
                            + answer.path("needed").asString());
            output.say(
                    "validators  "
                            + answer.path("validators").size()
                            + ", "
                            + answer.path("quorum").asInt()
                            + " needed for a root");
            for (var head : answer.path("heads")) {
                output.say(
                        "head        "
                                + head.path("validator").asString()
                                + ", "
                                + head.path("records").asLong()
                                + " records"
                                + (head.path("lies").asBoolean()
                                        ? ", PROVEN TO SHOW TWO HISTORIES"
                                        : ""));
            }
            output.tell(answer);
            return ExitCode.DONE.status();
        }
    }

    /** Lists the roots. */
    @Command(
            name = "rounds",
            description = "List the reward roots that were posted and cancelled.",
            mixinStandardHelpOptions = true,
            showDefaultValues = true,
            footerHeading = "%nExample:%n",
            footer = "  tensorlink validator rounds")
    static final class Rounds implements Callable<Integer> {
        @Mixin private HomeFlag flag = new HomeFlag();
        @Mixin private Output output = new Output();

        @Override
        public Integer call() throws IOException, InterruptedException {
            var answer = new NodeClient(flag.home()).get(LedgerRoutes.ROUNDS);
            for (var round : answer.path("rounds")) {
                output.say(
                        round.path("time").asString()
                                + "  epoch "
                                + round.path("epoch").asLong()
                                + "  "
                                + round.path("event").asString()
                                + "  "
                                + round.path("total").asString(""));
            }
            if (answer.path("rounds").isEmpty()) {
                output.say("no root was posted yet");
            }
            output.tell(answer);
            return ExitCode.DONE.status();
        }
    }

    /** Lists disputes. */
    @Command(
            name = "disputes",
            description = "List the disputes on the ledger and how they were judged.",
            mixinStandardHelpOptions = true,
            showDefaultValues = true,
            footerHeading = "%nExample:%n",
            footer = "  tensorlink validator disputes")
    static final class Disputes implements Callable<Integer> {
        @Mixin private HomeFlag flag = new HomeFlag();
        @Mixin private Output output = new Output();

        @Override
        public Integer call() throws IOException, InterruptedException {
            var answer = new NodeClient(flag.home()).get(LedgerRoutes.DISPUTES);
            for (var dispute : answer.path("disputes")) {
                output.say(
                        dispute.path("time").asString()
                                + "  by "
                                + dispute.path("plaintiff").asString()
                                + (dispute.has("judged")
                                        ? ", awarded "
                                                + dispute.path("awarded").asString()
                                                + " to "
                                                + dispute.path("payee").asString()
                                        : ", to be judged until "
                                                + dispute.path("ends").asString()));
            }
            if (answer.path("disputes").isEmpty()) {
                output.say("no disputes");
            }
            output.tell(answer);
            return ExitCode.DONE.status();
        }
    }

    /** Votes for a root. */
    @Command(
            name = "vote",
            description = {
                "Sign the root of the list in FILE for an epoch, and post it if votes suffice.",
                "A second root for one epoch is never signed."
            },
            mixinStandardHelpOptions = true,
            showDefaultValues = true,
            footerHeading = "%nExample:%n",
            footer = "  tensorlink validator vote earned.json --epoch 7 --with vote-of-second.json")
    static final class Vote implements Callable<Integer> {
        @Mixin private HomeFlag flag = new HomeFlag();
        @Mixin private Output output = new Output();

        @Parameters(
                paramLabel = "FILE",
                description = "what all have earned in all: {\"0xACCOUNT\": \"AMOUNT\", ...}")
        private Path file = Path.of("");

        @Option(
                names = "--epoch",
                paramLabel = "NUMBER",
                required = true,
                description = "from 1, higher than the last")
        private long epoch;

        @Option(
                names = "--with",
                paramLabel = "FILE",
                description = "another validator's vote, as its `vote -o json` printed it")
        private List<Path> with = new ArrayList<>();

        @Override
        public Integer call() throws IOException, InterruptedException {
            var votes = new ArrayList<JsonNode>();
            for (var other : with) {
                votes.add(LedgerVerb.read(other));
            }
            var question = new LinkedHashMap<String, Object>();
            question.put("epoch", epoch);
            question.put("earned", LedgerVerb.read(file));
            question.put("votes", votes);
            var answer =
                    new NodeClient(flag.home()).post(LedgerRoutes.VOTE, question, output::progress);
            output.say("root      " + answer.path("root").asString());
            output.say("total     " + answer.path("total").asString());
            output.say(
                    answer.path("outcome").asString().equals("recorded")
                            ? "posted"
                            : "not posted: "
                                    + answer.path("needed").asInt()
                                    + " votes needed, or posted before");
            output.tell(answer);
            return ExitCode.DONE.status();
        }
    }

    /** Grants credits. */
    @Command(
            name = "issue",
            description = "Grant an account credits, so many in all; only the issuer's node can.",
            mixinStandardHelpOptions = true,
            showDefaultValues = true,
            footerHeading = "%nExample:%n",
            footer = "  tensorlink validator issue 0x... 1000000")
    static final class Issue implements Callable<Integer> {
        @Mixin private HomeFlag flag = new HomeFlag();
        @Mixin private Output output = new Output();

        @Parameters(paramLabel = "ACCOUNT", index = "0", description = "who is granted them")
        private String account = "";

        @Parameters(
                paramLabel = "CREDITS",
                index = "1",
                description = "in all, with those it was granted before")
        private String amount = "";

        @Override
        public Integer call() throws IOException, InterruptedException {
            var question = Map.of("account", account, "amount", amount);
            var answer =
                    new NodeClient(flag.home())
                            .post(LedgerRoutes.ISSUE, question, output::progress);
            output.say(answer.path("outcome").asString());
            output.tell(answer);
            return ExitCode.DONE.status();
        }
    }

    /** Puts collateral up. */
    @Command(
            name = "stake",
            description = {
                "Put up so many of this node's credits as collateral in all. With the least that",
                "`validator status` tells, it validates, and its peers find it by the ledger."
            },
            mixinStandardHelpOptions = true,
            showDefaultValues = true,
            footerHeading = "%nExample:%n",
            footer = "  tensorlink validator stake 1000")
    static final class Stake implements Callable<Integer> {
        @Mixin private HomeFlag flag = new HomeFlag();
        @Mixin private Output output = new Output();

        @Parameters(paramLabel = "CREDITS", description = "in all, with those put up before")
        private String amount = "";

        @Override
        public Integer call() throws IOException, InterruptedException {
            var answer =
                    new NodeClient(flag.home())
                            .post(LedgerRoutes.STAKE, Map.of("amount", amount), output::progress);
            output.say(answer.path("outcome").asString());
            output.tell(answer);
            return ExitCode.DONE.status();
        }
    }
}
