package tensorlink.node.cli;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tensorlink.compute.Model;
import tensorlink.compute.ModelConfig;
import tensorlink.compute.format.ModelFormatException;
import tensorlink.compute.onnx.OnnxImport;
import tensorlink.compute.tensor.TensorSpec;
import tensorlink.jobs.job.Publication;
import tensorlink.node.Home;
import tensorlink.node.hub.Hub;
import tensorlink.node.hub.HubName;
import tensorlink.node.hub.PublicationFile;
import tensorlink.p2p.core.Scheduler;

/** Models on this machine. */
@Command(
        name = "model",
        description = "Import models, look at them, and plan on which workers they would fit.",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "COMMAND",
        footerHeading = "%nExample:%n",
        footer = "  tensorlink model import all-minilm-l6-v2.onnx",
        subcommands = {
            ModelCommand.Import.class,
            ModelCommand.ListAll.class,
            ModelCommand.Show.class,
            ModelPlan.class
        })
final class ModelCommand implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() {
        CommandLine.usage(spec.commandLine(), System.out);
        return ExitCode.DONE.status();
    }

    /** What a model is, for programs. */
    private static Map<String, Object> facts(String name, Path folder, Model model) {
        var architecture = model.architecture();
        var facts = new LinkedHashMap<String, Object>();
        facts.put("name", name);
        facts.put("folder", folder.toAbsolutePath().normalize().toString());
        facts.put(
                "type",
                architecture instanceof ModelConfig config
                        ? config.family().modelType()
                        : "layer graph");
        facts.put("task", architecture.task().kind().name().toLowerCase(Locale.ROOT));
        facts.put("parameters", model.parameterCount());
        facts.put("layers", architecture.layers());
        if (architecture instanceof ModelConfig config) {
            facts.put("hidden", config.hidden());
            facts.put("heads", config.attention().heads());
            facts.put("vocabulary", config.vocabulary());
            facts.put("context", config.contextLength());
        }
        facts.put(
                "weightBytes",
                architecture.tensors(architecture.allLayers()).stream()
                        .mapToLong(TensorSpec::byteSize)
                        .sum());
        facts.put("tokenizer", model.tokenizer().isPresent());
        return facts;
    }

    private static String line(Map<String, Object> facts) {
        return facts.get("name")
                + "  "
                + facts.get("type")
                + ", "
                + facts.get("task")
                + "  "
                + shown("parameters", facts)
                + " parameters  "
                + shown("layers", facts)
                + " layers";
    }

    private static String shown(String fact, Map<String, Object> facts) {
        return switch (facts.get(fact)) {
            case Long bytes when fact.endsWith("Bytes") -> Sizes.bytes(bytes);
            case Long number -> String.format(Locale.ROOT, "%,d", number);
            case Integer number -> String.format(Locale.ROOT, "%,d", number);
            case null -> "";
            case Object other -> other.toString();
        };
    }

    /** Brings a model into the home. */
    @Command(
            name = "import",
            description = "Make a Hugging Face folder of FROM in the home, under a name.",
            mixinStandardHelpOptions = true,
            showDefaultValues = true,
            footerHeading = "%nExamples:%n",
            footer = {
                "  tensorlink model import all-minilm-l6-v2.onnx",
                "  tensorlink model import ~/checkpoints/mine --name mine -o json",
                "  tensorlink model import hf:HuggingFaceTB/SmolLM2-135M",
            })
    static final class Import implements Callable<Integer> {
        @Mixin private HomeFlag flag = new HomeFlag();
        @Mixin private Output output = new Output();

        @Parameters(
                paramLabel = "FROM",
                description =
                        "an encoder of BERT's kind as FILE.onnx, or in a .jar, with its tokenizer"
                                + " from tokenizer.json or FILE-tokenizer.json beside it; a Hugging"
                                + " Face or layer graph folder; or hf:OWNER/NAME[@REVISION] on"
                                + " huggingface.co, or on the hub that HF_ENDPOINT names, by the"
                                + " token in HF_TOKEN if need be")
        private String from = ".";

        @Option(
                names = "--name",
                paramLabel = "NAME",
                description = "what to call it here; the name of FROM unless said")
        private @Nullable String name;

        @Override
        public Integer call() throws IOException, InterruptedException {
            return HubName.isMeant(from)
                    ? fetch(name(from))
                    : add(read(Path.of(from)), Optional.empty());
        }

        private static HubName name(String from) {
            try {
                return HubName.parse(from);
            } catch (IllegalArgumentException wrong) {
                throw new UsageException("FROM " + from + ": " + wrong.getMessage());
            }
        }

        private static Model read(Path from) throws IOException {
            if (!Files.exists(from)) {
                throw new UsageException("FROM " + from + ": no such file or folder");
            }
            return Files.isDirectory(from) ? Model.load(from) : OnnxImport.read(from);
        }

        /** What was fetched stays after a failure, to go on with. */
        private int fetch(HubName wanted) throws IOException, InterruptedException {
            var called = name == null ? wanted.name() : name;
            var models = new InstalledModels(flag.home());
            models.requireFree(called);
            Path fetched;
            try (var hub = hub()) {
                fetched = hub.fetch(wanted, flag.home().models());
            }
            name = called;
            int status = add(Model.load(fetched), PublicationFile.read(fetched));
            Home.delete(fetched);
            return status;
        }

        private static Hub hub() {
            var endpoint = System.getenv("HF_ENDPOINT");
            var token = Optional.ofNullable(System.getenv("HF_TOKEN"));
            try {
                return new Hub(
                        endpoint == null ? Hub.HUGGING_FACE : URI.create(endpoint),
                        token.filter(it -> !it.isBlank()),
                        Scheduler.system());
            } catch (IllegalArgumentException wrong) {
                throw new UsageException("HF_ENDPOINT: " + wrong.getMessage());
            }
        }

        private int add(Model model, Optional<Publication> published)
                throws IOException, InterruptedException {
            var called = name == null ? model.name() : name;
            var folder = new InstalledModels(flag.home()).add(called, model, published);
            var facts = facts(called, folder, model);
            output.say(line(facts));
            output.say("kept in  " + folder);
            output.tell(facts);
            return ExitCode.DONE.status();
        }
    }

    /** Lists them. */
    @Command(
            name = "list",
            description = "List the models in the home.",
            mixinStandardHelpOptions = true,
            showDefaultValues = true,
            footerHeading = "%nExample:%n",
            footer = "  tensorlink model list -o json")
    static final class ListAll implements Callable<Integer> {
        @Mixin private HomeFlag flag = new HomeFlag();
        @Mixin private Output output = new Output();

        @Override
        public Integer call() throws IOException {
            var models = new InstalledModels(flag.home());
            var told = new ArrayList<Map<String, Object>>();
            for (var name : models.names()) {
                var folder = models.folderOf(name);
                try {
                    var facts = facts(name, folder, Model.load(folder));
                    output.say(line(facts));
                    told.add(facts);
                } catch (ModelFormatException broken) {
                    output.say(name + "  cannot be opened: " + broken.getMessage());
                    told.add(Map.of("name", name, "error", String.valueOf(broken.getMessage())));
                }
            }
            if (told.isEmpty()) {
                output.say("no models in " + flag.home().models());
            }
            output.tell(Map.of("models", told));
            return ExitCode.DONE.status();
        }
    }

    /** Shows one. */
    @Command(
            name = "show",
            description = "Show what a model is.",
            mixinStandardHelpOptions = true,
            showDefaultValues = true,
            footerHeading = "%nExample:%n",
            footer = "  tensorlink model show all-minilm-l6-v2")
    static final class Show implements Callable<Integer> {
        @Mixin private HomeFlag flag = new HomeFlag();
        @Mixin private Output output = new Output();

        @Parameters(paramLabel = "MODEL", description = "name of a model in the home, or a folder")
        private String model = ".";

        @Override
        public Integer call() throws IOException {
            var folder = new InstalledModels(flag.home()).find(model);
            var loaded = Model.load(folder);
            var facts = facts(loaded.name(), folder, loaded);
            for (var fact : facts.keySet()) {
                output.say(String.format(Locale.ROOT, "%-12s %s", fact, shown(fact, facts)));
            }
            output.tell(facts);
            return ExitCode.DONE.status();
        }
    }
}
