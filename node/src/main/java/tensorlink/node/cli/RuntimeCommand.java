package tensorlink.node.cli;

import java.io.IOException;
import java.net.URI;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tensorlink.node.hub.MavenRepository;
import tensorlink.node.runtime.Runtimes;
import tensorlink.p2p.core.Scheduler;

/** What this machine computes with. */
@Command(
        name = "runtime",
        description = "List, fetch and choose the kernels that a node computes with.",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "COMMAND",
        footerHeading = "%nExample:%n",
        footer = "  tensorlink runtime list",
        subcommands = {
            RuntimeCommand.ListAll.class,
            RuntimeCommand.Install.class,
            RuntimeCommand.Use.class
        })
final class RuntimeCommand implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() {
        CommandLine.usage(spec.commandLine(), System.out);
        return ExitCode.DONE.status();
    }

    private static Runtimes runtimes(HomeFlag flag) {
        return new Runtimes(flag.home().runtimes());
    }

    /** Says which there are, the chosen one with a star. */
    private static int tell(Runtimes runtimes, Output output) throws IOException {
        var told = new ArrayList<Map<String, Object>>();
        for (var entry : runtimes.list()) {
            var fetch = entry.bytes() == 0 ? "" : "  " + Sizes.bytes(entry.bytes());
            output.say(
                    String.format(
                            Locale.ROOT,
                            "%s %-6s  libtorch %s, %s  %s%s",
                            entry.chosen() ? "*" : " ",
                            entry.name(),
                            entry.torch(),
                            entry.flavour(),
                            state(entry.state()),
                            fetch));
            var facts = new LinkedHashMap<String, Object>();
            facts.put("name", entry.name());
            facts.put("torch", entry.torch());
            facts.put("flavour", entry.flavour());
            facts.put("state", entry.state().name().toLowerCase(Locale.ROOT));
            facts.put("bytes", entry.bytes());
            facts.put("chosen", entry.chosen());
            told.add(facts);
        }
        output.tell(Map.of("runtimes", told));
        return ExitCode.DONE.status();
    }

    private static String state(Runtimes.State state) {
        return switch (state) {
            case BUNDLED -> "came with this program";
            case INSTALLED -> "installed";
            case AVAILABLE -> "not installed";
            case FOREIGN -> "not for this machine";
            case ELSEWHERE -> "installed elsewhere";
        };
    }

    /** Lists them. */
    @Command(
            name = "list",
            description = "List the kernels that a node can compute with; a star is at the chosen.",
            mixinStandardHelpOptions = true,
            showDefaultValues = true,
            footerHeading = "%nExample:%n",
            footer = "  tensorlink runtime list -o json")
    static final class ListAll implements Callable<Integer> {
        @Mixin private HomeFlag flag = new HomeFlag();
        @Mixin private Output output = new Output();

        @Override
        public Integer call() throws IOException {
            return tell(runtimes(flag), output);
        }
    }

    /** Fetches one. */
    @Command(
            name = "install",
            description = {
                "Fetch kernels from a Maven repository into the home, and go on where an earlier",
                "call was interrupted. Each library is compared with its digest."
            },
            mixinStandardHelpOptions = true,
            showDefaultValues = true,
            footerHeading = "%nExample:%n",
            footer = "  tensorlink runtime install cuda")
    static final class Install implements Callable<Integer> {
        @Mixin private HomeFlag flag = new HomeFlag();
        @Mixin private Output output = new Output();

        @Parameters(paramLabel = "NAME", description = "as runtime list names it")
        private String name = Runtimes.BUNDLED;

        @Option(
                names = "--repository",
                paramLabel = "URL",
                description = "a Maven repository; Maven Central unless said")
        private URI repository = MavenRepository.CENTRAL;

        @Override
        public Integer call() throws IOException, InterruptedException {
            var scheduler = Scheduler.system();
            var runtimes = runtimes(flag);
            try (var line = new ProgressLine(output, scheduler);
                    var maven = repository(line, scheduler)) {
                runtimes.install(name, maven);
            }
            return tell(runtimes, output);
        }

        private MavenRepository repository(ProgressLine line, Scheduler scheduler) {
            try {
                return new MavenRepository(
                        repository,
                        scheduler,
                        (file, bytes, size) ->
                                line.show(
                                        file
                                                + "  "
                                                + Sizes.bytes(bytes)
                                                + " of "
                                                + Sizes.bytes(size),
                                        bytes == size));
            } catch (IllegalArgumentException wrong) {
                throw new UsageException("--repository: " + wrong.getMessage());
            }
        }
    }

    /** Chooses one. */
    @Command(
            name = "use",
            description = "Choose what nodes of this home compute with, from their next start on.",
            mixinStandardHelpOptions = true,
            showDefaultValues = true,
            footerHeading = "%nExamples:%n",
            footer = {
                "  tensorlink runtime use cuda",
                "  tensorlink runtime use /opt/libtorch",
                "  tensorlink runtime use cpu"
            })
    static final class Use implements Callable<Integer> {
        @Mixin private HomeFlag flag = new HomeFlag();
        @Mixin private Output output = new Output();

        @Parameters(
                paramLabel = "NAME",
                description =
                        "as runtime list names it, or the folder of a libtorch with build-version"
                                + " and lib in it")
        private String name = Runtimes.BUNDLED;

        @Override
        public Integer call() throws IOException, InterruptedException {
            var runtimes = runtimes(flag);
            runtimes.use(name);
            return tell(runtimes, output);
        }
    }
}
