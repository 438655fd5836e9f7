package tensorlink.node.cli;

import java.io.IOException;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.databind.JsonNode;

/** The jobs on the ledger. */
@Command(
        name = "jobs",
        description = "Show or cancel the jobs on the ledger; asks the running node.",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "COMMAND",
        footerHeading = "%nExample:%n",
        footer = "  tensorlink jobs list -o json",
        subcommands = {
            JobsCommand.ListAll.class,
            JobsCommand.Show.class,
            JobsCommand.Events.class,
            JobsCommand.Cancel.class
        })
final class JobsCommand implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() {
        CommandLine.usage(spec.commandLine(), System.out);
        return ExitCode.DONE.status();
    }

    private static String line(JsonNode job) {
        return job.path("job").asString()
                + "  "
                + job.path("state").asString()
                + "  "
                + job.path("opened").asString()
                + "  "
                + job.path("workers").size()
                + " workers";
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
            description = "List the jobs on the ledger, oldest first.",
            mixinStandardHelpOptions = true,
            showDefaultValues = true,
            footerHeading = "%nExample:%n",
            footer = "  tensorlink jobs list")
    static final class ListAll implements Callable<Integer> {
        @Mixin private HomeFlag flag = new HomeFlag();
        @Mixin private Output output = new Output();

        @Override
        public Integer call() throws IOException, InterruptedException {
            var answer = new NodeClient(flag.home()).get(LedgerRoutes.JOBS);
            for (var job : answer.path("jobs")) {
                output.say(line(job));
            }
            if (answer.path("jobs").isEmpty()) {
                output.say("no job is on the ledger");
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

        @Parameters(paramLabel = "JOB", description = "0x and 64 hexadecimal digits")
        private String job = "";

        @Override
        public Integer call() throws IOException, InterruptedException {
            var answer = ask(flag, LedgerRoutes.JOB, job);
            output.say(line(answer));
            output.say("payer    " + answer.path("payer").asString());
            output.say("notary   " + answer.path("notary").asString());
            for (var worker : answer.path("workers")) {
                output.say("worker   " + worker.asString());
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

        @Parameters(paramLabel = "JOB", description = "0x and 64 hexadecimal digits")
        private String job = "";

        @Override
        public Integer call() throws IOException, InterruptedException {
            var answer = ask(flag, LedgerRoutes.JOB, job);
            sayEvents(output, answer);
            output.tell(answer);
            return ExitCode.DONE.status();
        }
    }

    /** Cancels one on the ledger. */
    @Command(
            name = "cancel",
            description = "Close a job on the ledger as cancelled; its payer or notary can.",
            mixinStandardHelpOptions = true,
            showDefaultValues = true,
            footerHeading = "%nExample:%n",
            footer = "  tensorlink jobs cancel 0x5d0c...")
    static final class Cancel implements Callable<Integer> {
        @Mixin private HomeFlag flag = new HomeFlag();
        @Mixin private Output output = new Output();

        @Parameters(paramLabel = "JOB", description = "0x and 64 hexadecimal digits")
        private String job = "";

        @Override
        public Integer call() throws IOException, InterruptedException {
            var answer = ask(flag, LedgerRoutes.CANCEL, job);
            output.say(
                    answer.path("outcome").asString().equals("recorded")
                            ? "cancelled"
                            : "was cancelled before");
            output.tell(answer);
            return ExitCode.DONE.status();
        }
    }
}
