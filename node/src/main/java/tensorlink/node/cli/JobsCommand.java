package tensorlink.node.cli;

import java.io.IOException;
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

/** The jobs of a node, and those on the ledger where it keeps one. */
@Command(
        name = "jobs",
        description =
                "Show, cancel or dispute the jobs of a running node: those it asked for, works for"
                        + " or watches, now or before, and those on the ledger where it keeps one.",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "COMMAND",
        footerHeading = "%nExamples:%n",
        footer = {
            "  tensorlink train --fresh 256x4 --data book.txt --home me &",
            "  tensorlink jobs list --home me",
            "  tensorlink jobs cancel 5d0c4f1e --home me"
        },
        subcommands = {
            JobsCommand.ListAll.class,
            JobsCommand.Show.class,
            JobsCommand.Events.class,
            JobsCommand.Cancel.class,
            JobsCommand.Dispute.class
        })
final class JobsCommand implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() {
        CommandLine.usage(spec.commandLine(), System.out);
        return ExitCode.DONE.status();
    }

    private static String line(JsonNode job) {
        var line =
                new StringBuilder(job.path("job").asString())
                        .append("  ")
                        .append(job.path("state").asString());
        if (job.has("part")) {
            line.append("  as ").append(job.path("part").asString());
            line.append(": ").append(job.path("detail").asString());
        }
        if (job.has("opened")) {
            line.append("  on the ledger since ").append(job.path("opened").asString());
        }
        if (job.has("reason")) {
            line.append("  ").append(job.path("reason").asString());
        }
        return line.toString();
    }

    private static void sayEvents(Output output, JsonNode job) {
        for (var event : job.path("events")) {
            output.say(event.path("time").asString() + "  " + event.path("event").asString());
        }
    }

    private static JsonNode ask(HomeFlag flag, String path, String job)
            throws IOException, InterruptedException {
        return new NodeClient(flag.home()).post(path, Map.of("job", job));
    }

    /** Lists them. */
    @Command(
            name = "list",
            description = "List the jobs, those of the ledger first, each time oldest first.",
            mixinStandardHelpOptions = true,
            showDefaultValues = true,
            footerHeading = "%nExample:%n",
            footer = "  tensorlink jobs list")
    static final class ListAll implements Callable<Integer> {
        @Mixin private HomeFlag flag = new HomeFlag();
        @Mixin private Output output = new Output();

        @Override
        public Integer call() throws IOException, InterruptedException {
            var answer = new NodeClient(flag.home()).get(JobRoutes.LIST);
            for (var job : answer.path("jobs")) {
                output.say(line(job));
            }
            if (answer.path("jobs").isEmpty()) {
                output.say("no jobs");
            }
            output.tell(answer);
            return ExitCode.DONE.status();
        }
    }

    /** Shows one. */
    @Command(
            name = "show",
            description = "Show one job: who asked, who works, how it stands.",
            mixinStandardHelpOptions = true,
            showDefaultValues = true,
            footerHeading = "%nExample:%n",
            footer = "  tensorlink jobs show 0x5d0c...")
    static final class Show implements Callable<Integer> {
        @Mixin private HomeFlag flag = new HomeFlag();
        @Mixin private Output output = new Output();

        @Parameters(
                paramLabel = "JOB",
                description = "its id, or the first digits of it, at least 8")
        private String job = "";

        @Override
        public Integer call() throws IOException, InterruptedException {
            var answer = ask(flag, JobRoutes.SHOW, job);
            output.say(line(answer));
            for (var name : List.of("payer", "notary")) {
                if (answer.has(name)) {
                    output.say(String.format("%-9s%s", name, answer.path(name).asString()));
                }
            }
            for (var payee : answer.path("payees")) {
                output.say("payee    " + payee.asString());
            }
            answer.path("redeemed")
                    .properties()
                    .forEach(it ->
                            output.say(
                                    "redeemed "
                                            + it.getValue().asString()
                                            + " by "
                                            + it.getKey()
                                            + ", for all jobs of this payer"));
            for (var stage : answer.path("stages")) {
                output.say(
                        "stage    "
                                + stage.path("layers").asString()
                                + " on "
                                + stage.path("worker").asString()
                                + ", paid "
                                + stage.path("paid").asString());
            }
            output.tell(answer);
            return ExitCode.DONE.status();
        }
    }

    /** Tells what happened to one. */
    @Command(
            name = "events",
            description = "List what happened to one job.",
            mixinStandardHelpOptions = true,
            showDefaultValues = true,
            footerHeading = "%nExample:%n",
            footer = "  tensorlink jobs events 0x5d0c...")
    static final class Events implements Callable<Integer> {
        @Mixin private HomeFlag flag = new HomeFlag();
        @Mixin private Output output = new Output();

        @Parameters(
                paramLabel = "JOB",
                description = "its id, or the first digits of it, at least 8")
        private String job = "";

        @Override
        public Integer call() throws IOException, InterruptedException {
            var answer = ask(flag, JobRoutes.SHOW, job);
            sayEvents(output, answer);
            output.tell(answer);
            return ExitCode.DONE.status();
        }
    }

    /** Cancels one. */
    @Command(
            name = "cancel",
            description =
                    "Give up a job that the running node asked for, so that its workers are free"
                            + " and paid; or close one on the ledger, as its payer or notary.",
            mixinStandardHelpOptions = true,
            showDefaultValues = true,
            footerHeading = "%nExample:%n",
            footer = "  tensorlink jobs cancel 0x5d0c...")
    static final class Cancel implements Callable<Integer> {
        @Mixin private HomeFlag flag = new HomeFlag();
        @Mixin private Output output = new Output();

        @Parameters(
                paramLabel = "JOB",
                description = "its id, or the first digits of it, at least 8")
        private String job = "";

        @Override
        public Integer call() throws IOException, InterruptedException {
            var answer = ask(flag, JobRoutes.CANCEL, job);
            output.say(
                    answer.path("outcome").asString().equals("unchanged")
                            ? "was over before"
                            : "cancelled");
            output.tell(answer);
            return ExitCode.DONE.status();
        }
    }

    /** Disputes what was paid for one. */
    @Command(
            name = "dispute",
            description =
                    "Have a job's arbiter, the validator that found its workers, judge what is owed"
                        + " to a worker: by the receipts that it gathered and those that are kept"
                        + " here. What it awards is paid from the payer's deposit at once.",
            mixinStandardHelpOptions = true,
            showDefaultValues = true,
            footerHeading = "%nExamples:%n",
            footer = {
                "  tensorlink jobs dispute 0x5d0c... --home worker",
                "  tensorlink jobs dispute 0x5d0c... --worker 0xd91A... --home me"
            })
    static final class Dispute implements Callable<Integer> {
        @Mixin private HomeFlag flag = new HomeFlag();
        @Mixin private Output output = new Output();

        @Parameters(
                paramLabel = "JOB",
                description = "its id, or the first digits of it, at least 8")
        private String job = "";

        @Option(
                names = "--worker",
                paramLabel = "ACCOUNT",
                description = "who is owed; this node's own account unless given")
        private String worker = "";

        @Override
        public Integer call() throws IOException, InterruptedException {
            var answer =
                    new NodeClient(flag.home())
                            .post(
                                    JobRoutes.DISPUTE,
                                    Map.of("job", job, "worker", worker),
                                    output::progress);
            output.say(
                    answer.path("outcome").asString().equals("paid")
                            ? "awarded  " + answer.path("amount").asString()
                            : "no more is owed than was paid");
            output.tell(answer);
            return ExitCode.DONE.status();
        }
    }
}
