package tensorlink.node.cli;

import java.io.IOException;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import tools.jackson.databind.JsonNode;

/** Rounds on the Smartnodes contracts. */
@Command(
        name = "round",
        description =
                "Show the open round on the Smartnodes contracts, or take part in it now. A running"
                        + " validator does so by itself.",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "COMMAND",
        footerHeading = "%nExample:%n",
        footer = "  tensorlink validator round show -o json",
        subcommands = {
            RoundCommand.Show.class,
            RoundCommand.Join.class,
            RoundCommand.Run.class,
            RoundCommand.Claim.class
        })
final class RoundCommand implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() {
        CommandLine.usage(spec.commandLine(), System.out);
        return ExitCode.DONE.status();
    }

    private static void saySteps(Output output, JsonNode answer) {
        for (var step : answer.path("steps")) {
            output.say(step.path("what").asString() + "  " + step.path("detail").asString());
        }
        if (answer.path("steps").isEmpty()) {
            output.say("nothing to do now");
        }
        output.tell(answer);
    }

    /** Shows it. */
    @Command(
            name = "show",
            description = "Show the open round, its proposals and their votes.",
            mixinStandardHelpOptions = true,
            showDefaultValues = true,
            footerHeading = "%nExample:%n",
            footer = "  tensorlink validator round show")
    static final class Show implements Callable<Integer> {
        @Mixin private HomeFlag flag = new HomeFlag();
        @Mixin private Output output = new Output();

        @Override
        public Integer call() throws IOException, InterruptedException {
            var answer = new NodeClient(flag.home()).get(RoundRoutes.ROUND);
            output.say(
                    "round "
                            + answer.path("number").asString()
                            + ", proposals from "
                            + answer.path("next").asString()
                            + (answer.path("expired").asBoolean()
                                    ? " by any validator"
                                    : " by those selected"));
            output.say(answer.path("unpaidJobs").asInt() + " jobs known that are not paid");
            for (var proposal : answer.path("proposals")) {
                output.say(
                        "number "
                                + proposal.path("number").asInt()
                                + " by "
                                + proposal.path("creator").asString()
                                + ", "
                                + proposal.path("votes").asLong()
                                + " of "
                                + answer.path("votesNeeded").asInt()
                                + " votes");
            }
            output.tell(answer);
            return ExitCode.DONE.status();
        }
    }

    /** Takes a seat. */
    @Command(
            name = "join",
            description =
                    "Register this node as a validator and take its seat. The contracts keep the"
                            + " collateral for good.",
            mixinStandardHelpOptions = true,
            showDefaultValues = true,
            footerHeading = "%nExample:%n",
            footer = "  tensorlink validator round join --for-good")
    static final class Join implements Callable<Integer> {
        @Mixin private HomeFlag flag = new HomeFlag();
        @Mixin private Output output = new Output();

        @Option(names = "--for-good", description = "this is known, and meant", required = true)
        private boolean forGood;

        @Override
        public Integer call() throws IOException, InterruptedException {
            if (!forGood) {
                throw new UsageException("--for-good: the collateral never comes back");
            }
            var answer =
                    new NodeClient(flag.home()).post(RoundRoutes.JOIN, Map.of(), output::progress);
            output.say("this validator has a seat");
            output.tell(answer);
            return ExitCode.DONE.status();
        }
    }

    /** Takes part now. */
    @Command(
            name = "run",
            description =
                    "Hear the other validators, and propose, vote and execute what is to be, now.",
            mixinStandardHelpOptions = true,
            showDefaultValues = true,
            footerHeading = "%nExample:%n",
            footer = "  tensorlink validator round run")
    static final class Run implements Callable<Integer> {
        @Mixin private HomeFlag flag = new HomeFlag();
        @Mixin private Output output = new Output();

        @Override
        public Integer call() throws IOException, InterruptedException {
            saySteps(
                    output,
                    new NodeClient(flag.home()).post(RoundRoutes.RUN, Map.of(), output::progress));
            return ExitCode.DONE.status();
        }
    }

    /** Claims. */
    @Command(
            name = "claim",
            description =
                    "Claim what this node has earned in the rounds that were executed; validators"
                            + " are asked what they were of.",
            mixinStandardHelpOptions = true,
            showDefaultValues = true,
            footerHeading = "%nExample:%n",
            footer = "  tensorlink validator round claim --home worker")
    static final class Claim implements Callable<Integer> {
        @Mixin private HomeFlag flag = new HomeFlag();
        @Mixin private Output output = new Output();

        @Override
        public Integer call() throws IOException, InterruptedException {
            saySteps(
                    output,
                    new NodeClient(flag.home())
                            .post(RoundRoutes.CLAIM, Map.of(), output::progress));
            return ExitCode.DONE.status();
        }
    }
}
