package tensorlink.node.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Option;
import tensorlink.compute.Batch;
import tensorlink.compute.GraphModel;
import tensorlink.compute.Task;
import tensorlink.compute.tokenizer.Tokenizer;
import tensorlink.jobs.data.ClassifiedTexts;
import tensorlink.jobs.data.Examples;
import tensorlink.jobs.data.LabelledImages;
import tensorlink.jobs.data.Shuffle;
import tensorlink.jobs.data.TextWindows;

/** The flags that say what a model learns from. */
final class TrainingDataFlags {
    private static final String CLASSIFIED = ".jsonl";

    @Option(
            names = "--data",
            paramLabel = "FILE",
            description =
                    "text to learn from, repeatable; or one file of classified texts, a JSON object"
                            + " a line, whose name ends in .jsonl; or, with --labels, images in"
                            + " IDX; required",
            showDefaultValue = CommandLine.Help.Visibility.NEVER)
    private List<Path> data = List.of();

    @Option(
            names = "--labels",
            paramLabel = "FILE",
            description = "the classes of the images in --data, in IDX as those of MNIST")
    private @Nullable Path labels;

    @Option(
            names = "--judge-data",
            paramLabel = "FILE",
            description = "images to judge by, in IDX, instead of a share of those learnt from")
    private @Nullable Path judgeData;

    @Option(
            names = "--judge-labels",
            paramLabel = "FILE",
            description = "the classes of the images in --judge-data")
    private @Nullable Path judgeLabels;

    @Option(
            names = "--text-field",
            paramLabel = "NAME",
            defaultValue = "text",
            description = "where a line of a .jsonl file has its text")
    private String textField = "text";

    @Option(
            names = "--label-field",
            paramLabel = "NAME",
            defaultValue = "label",
            description = "where it has its class")
    private String labelField = "label";

    @Option(
            names = "--length",
            paramLabel = "N",
            defaultValue = "128",
            description = "tokens of a sequence; longer classified texts are cut")
    private int length;

    @Option(
            names = "--held-out",
            paramLabel = "SHARE",
            defaultValue = "0.1",
            description = "share of the data that is not learnt from, to judge by; 0 for none")
    private double heldOut;

    int length() {
        return length;
    }

    /** Whether a layer graph learns from images. */
    boolean images() {
        return labels != null;
    }

    /** What a step of so many rows is counted in. */
    Pace pace(int rows) {
        return images() ? Pace.images(rows) : Pace.tokens((long) rows * length);
    }

    boolean isNamed() {
        return !data.isEmpty();
    }

    void requireSense() {
        if (!(heldOut >= 0) || heldOut >= 1) {
            throw new UsageException("--held-out " + heldOut + ": must be 0 to less than 1");
        }
        if (classified() && data.size() > 1) {
            throw new UsageException("--data: a " + CLASSIFIED + " file stands alone");
        }
        if (labels != null && data.size() > 1) {
            throw new UsageException("--data: with --labels one file of images");
        }
        if ((judgeData == null) != (judgeLabels == null) || (judgeData != null && !images())) {
            throw new UsageException("--judge-data, --judge-labels: both, with --labels");
        }
        for (var file : data) {
            requireFile("--data", file);
        }
        requireFile("--labels", labels);
        requireFile("--judge-data", judgeData);
        requireFile("--judge-labels", judgeLabels);
    }

    private static void requireFile(String flag, @Nullable Path file) {
        if (file != null && !Files.isRegularFile(file)) {
            throw new UsageException(flag + " " + file + ": no such file");
        }
    }

    void requireSense(int contextLength) {
        UsageException.requireRange("--length", length, classified() ? 3 : 2, contextLength);
    }

    private boolean classified() {
        return data.stream().anyMatch(file -> file.toString().endsWith(CLASSIFIED));
    }

    /** The classified texts, if the data are such. */
    Optional<ClassifiedTexts> texts() throws IOException {
        return classified()
                ? Optional.of(
                        ClassifiedTexts.read(
                                data.getFirst(), new ClassifiedTexts.Fields(textField, labelField)))
                : Optional.empty();
    }

    /**
     * Makes examples for a model's task.
     *
     * @param texts what {@link #texts} has read
     * @param seed decides which classified texts are held out; of a text it is the end
     */
    Examples.Split<Batch> read(
            Task task,
            Tokenizer tokenizer,
            Optional<ClassifiedTexts> texts,
            long seed,
            Output output)
            throws IOException {
        var split =
                texts.isEmpty()
                        ? TextWindows.read(data, tokenizer, length).split(heldOut)
                        : examples(texts.get(), task, tokenizer, output)
                                .split(heldOut, new Shuffle(seed));
        int size = split.training().size() + split.heldOut().size();
        requireBoth(
                split,
                size + (size == 1 ? " sequence" : " sequences") + " of " + length + " tokens");
        return split;
    }

    private void requireBoth(Examples.Split<Batch> split, String found) {
        if (split.training().size() == 0 || (heldOut > 0 && split.heldOut().size() == 0)) {
            throw new UsageException(
                    "--data: "
                            + found
                            + "; to learn from and to judge by (--held-out "
                            + heldOut
                            + ") it takes at least one each");
        }
    }

    /**
     * Reads images for a layer graph.
     *
     * @param seed decides which are held out
     */
    Examples.Split<Batch> readImages(GraphModel model, long seed) throws IOException {
        var images = readImages(model, "--data", data.getFirst(), Objects.requireNonNull(labels));
        if (judgeData != null && judgeLabels != null) {
            return new Examples.Split<>(
                    images, readImages(model, "--judge-data", judgeData, judgeLabels));
        }
        var split = images.split(heldOut, new Shuffle(seed));
        requireBoth(split, images.size() + " images");
        return split;
    }

    private static LabelledImages readImages(
            GraphModel model, String flag, Path images, Path labels) throws IOException {
        var read = LabelledImages.read(images, labels);
        if (read.size() == 0) {
            throw new UsageException(flag + " " + images + ": no images");
        }
        if (read.classes() > model.classes()) {
            throw new UsageException(
                    flag
                            + ": images of "
                            + read.classes()
                            + " classes, the graph says one of "
                            + model.classes());
        }
        try {
            var one = read.batch(0);
            model.requireInputs(one.inputs());
            model.requireLabels(one.labels());
        } catch (IllegalArgumentException unfit) {
            throw new UsageException(flag + ": " + unfit.getMessage());
        }
        return read;
    }

    private Examples<Batch> examples(
            ClassifiedTexts texts, Task task, Tokenizer tokenizer, Output output) {
        boolean whole = task.kind() == Task.Kind.CLASSIFICATION;
        int cut = whole ? texts.cutWhole(tokenizer, length) : texts.cut(tokenizer, length);
        if (cut > 0) {
            output.warn(
                    cut
                            + " of "
                            + texts.texts().size()
                            + " texts are longer than --length "
                            + length
                            + " and lose their end");
        }
        try {
            return task instanceof Task.Classification classification
                    ? texts.toClassify(tokenizer, length, classification)
                    : texts.toContinue(tokenizer, length);
        } catch (IllegalArgumentException unfit) {
            throw new UsageException("--data: " + unfit.getMessage());
        }
    }
}
