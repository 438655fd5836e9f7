package tensorlink.node.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tensorlink.compute.Model;
import tensorlink.compute.Sampling;
import tensorlink.compute.tokenizer.Tokenizer;
import tensorlink.jobs.GenerateOptions;
import tensorlink.jobs.JobOptions;
import tensorlink.ledger.Amount;
import tensorlink.node.UserNode;
import tensorlink.node.hub.PublicationFile;
import tensorlink.p2p.core.Scheduler;

/** Continues a text with a model on the network's workers. */
@Command(
        name = "run",
        description = "Continue a text with a model on the network's workers.",
        mixinStandardHelpOptions = true,
        showDefaultValues = true,
        footerHeading = "%nExamples:%n",
        footer = {
            "  tensorlink run out \"Once upon a time\" --temperature 0.7 --seed 3 --network lab \\",
            "      --bootstrap /ip4/192.0.2.7/tcp/38751/p2p/12D3KooW...",
            "  cat prompt.txt | tensorlink run out -o json --no-progress --config lab.toml",
        })
final class Run implements Callable<Integer> {
    private static final int MAX_TOKENS_PRESET = 128;
    private static final int PROMPT_BYTES_MAX = 1 << 20;

    @Mixin private NodeFlags flags = new NodeFlags();
    @Mixin private Output output = new Output();

    @Parameters(index = "0", paramLabel = "MODEL", description = "Hugging Face folder")
    private Path model = Path.of(".");

    @Parameters(
            index = "1",
            arity = "0..1",
            paramLabel = "PROMPT",
            description = "text to continue; read from standard input unless given")
    private @Nullable String prompt;

    @Option(
            names = "--max-tokens",
            paramLabel = "N",
            description =
                    "most tokens to generate; 128, or what the model has room for, unless said")
    private @Nullable Integer maxTokens;

    @Option(
            names = "--temperature",
            paramLabel = "X",
            defaultValue = "0",
            description = "0 takes the likeliest token each time")
    private float temperature;

    @Option(
            names = "--top-k",
            paramLabel = "N",
            defaultValue = "0",
            description = "draw from so many; 0 for all")
    private int topK;

    @Option(
            names = "--top-p",
            paramLabel = "X",
            defaultValue = "1",
            description = "draw from the likeliest that together reach this probability")
    private float topP;

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "0",
            description = "equal seeds, equal texts")
    private long seed;

    @Option(
            names = "--workers",
            paramLabel = "N",
            defaultValue = "0",
            description = "stages to split the model into; 0 for as few as fit")
    private int workers;

    @Mixin private HereFlag here = new HereFlag();

    @Option(
            names = "--max-price",
            paramLabel = "CREDITS",
            defaultValue = "0",
            description = "most credits it may cost")
    private Amount maxPrice = Amount.ZERO;

    @Option(
            names = "--adapter",
            paramLabel = "FOLDER",
            description = "low-rank adapters that PEFT or train --lora saved, beside the model")
    private @Nullable Path adapter;

    @Override
    public Integer call() throws IOException, InterruptedException {
        var sampling = sampling();
        var config = flags.config(Map.of());
        var loaded = Model.load(model);
        if (!loaded.architecture().causal()) {
            throw new UsageException("MODEL " + model + ": is not one that generates text");
        }
        UsageException.requireRange("--workers", workers, 0, loaded.config().layers());
        if (adapter != null) {
            loaded = loaded.withAdapters(adapter);
        }
        var tokenizer =
                loaded.tokenizer()
                        .orElseThrow(() -> new UsageException(model + " has no tokenizer.json"));
        var text = prompt == null ? promptFromInput() : prompt;
        var tokens = tokenizer.encode(text);
        if (tokens.isEmpty()) {
            throw new UsageException("the prompt is empty");
        }
        int count = maxTokens(tokens.size(), loaded.config().contextLength());
        var options = new GenerateOptions(count, sampling, loaded.config().specialTokens().end());
        try (var user = UserNode.join(flags.network(config), flags.homeOrTemporary());
                var _ = LocalApi.of(config, user.node())) {
            var job =
                    here.applied(
                            JobOptions.inference()
                                    .workers(workers)
                                    .batch(1, tokens.size() + count)
                                    .maxPrice(maxPrice),
                            loaded.architecture());
            var published = PublicationFile.read(model);
            if (published.isPresent()) {
                job = job.published(published.get());
            }
            try (var distributed =
                    user.createDistributedModel(loaded, job, JobConsole.quiet(output))) {
                try {
                    var printer = new Printer(tokenizer);
                    if (!output.json()) {
                        output.out().print(text);
                    }
                    long begun = Scheduler.system().nanoTime();
                    var generated = distributed.generate(tokens, options, printer::token);
                    double seconds = (Scheduler.system().nanoTime() - begun) / 1e9;
                    printer.end();
                    var result = new LinkedHashMap<String, Object>();
                    result.put("prompt", text);
                    result.put("text", tokenizer.decode(generated));
                    result.put("promptTokens", tokens.size());
                    result.put("tokens", generated.size());
                    result.put("tokensPerSecond", generated.size() / seconds);
                    result.put("workers", distributed.report().stages().size());
                    output.tell(result);
                } catch (InterruptedException stopped) {
                    distributed.cancel("stopped by its user");
                    throw stopped;
                }
            }
        }
        return ExitCode.DONE.status();
    }

    private Sampling sampling() {
        try {
            return new Sampling(temperature, topK, topP, seed);
        } catch (IllegalArgumentException wrong) {
            throw new UsageException(String.valueOf(wrong.getMessage()));
        }
    }

    private static String promptFromInput() throws IOException {
        var bytes = System.in.readNBytes(PROMPT_BYTES_MAX + 1);
        if (bytes.length > PROMPT_BYTES_MAX) {
            throw new UsageException("the prompt has more than " + PROMPT_BYTES_MAX + " bytes");
        }
        return new String(bytes, StandardCharsets.UTF_8);
    }

    /** A text too long for the model is refused with both numbers, never cut. */
    private int maxTokens(int promptTokens, int contextLength) {
        int room = contextLength - promptTokens;
        if (maxTokens != null) {
            UsageException.requireRange("--max-tokens", maxTokens, 1, Integer.MAX_VALUE);
        }
        int wanted = maxTokens == null ? Math.min(MAX_TOKENS_PRESET, room) : maxTokens;
        if (wanted < 1 || wanted > room) {
            throw new UsageException(
                    "the prompt has "
                            + promptTokens
                            + " tokens and "
                            + (maxTokens == null ? "at least 1" : wanted)
                            + " are to follow; the model has room for "
                            + contextLength
                            + " in all");
        }
        return wanted;
    }

    /** Prints text as its tokens come, but no character before all of its bytes are there. */
    private final class Printer {
        private static final char INCOMPLETE = '\uFFFD';

        private final Tokenizer tokenizer;
        private final List<Integer> tokens = new ArrayList<>();
        private int printed;

        Printer(Tokenizer tokenizer) {
            this.tokenizer = tokenizer;
        }

        void token(int token) {
            tokens.add(token);
            var text = tokenizer.decode(tokens);
            int end = text.length();
            while (end > printed && text.charAt(end - 1) == INCOMPLETE) {
                end--;
            }
            print(text, end);
        }

        void end() {
            var text = tokenizer.decode(tokens);
            print(text, text.length());
            output.say("");
        }

        private void print(String text, int end) {
            if (!output.json() && end > printed) {
                output.out().print(text.substring(printed, end));
                output.out().flush();
            }
            printed = Math.max(printed, end);
        }
    }
}
