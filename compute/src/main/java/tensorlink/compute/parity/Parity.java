package tensorlink.compute.parity;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import tensorlink.compute.Batch;
import tensorlink.compute.Digest;
import tensorlink.compute.optim.AdamW;
import tensorlink.compute.tensor.Tensor;

/** Measures a model against PyTorch's results, and against the same model in one stage. */
public final class Parity {
    private static final AdamW ADAMW = AdamW.lr(1e-3);

    /**
     * A gradient this small beside the model's largest is 0 but for rounding, as that of a bias of
     * keys is, which no probability depends on: it is measured against the largest.
     */
    private static final double NOISE = 1e-6;

    private final Golden golden;

    private Parity(Golden golden) {
        this.golden = golden;
    }

    /**
     * Measures. Of a model without a loss, what its last stage gives; of one that does not
     * generate, all but that.
     *
     * @param subject a model with the checkpoint's weights; trained afterwards
     * @param oneStage the same model in one stage of this process, with as many micro-batches;
     *     trained afterwards
     * @throws tensorlink.compute.format.ModelFormatException when the results are of another model
     */
    public static ParityReport measure(Golden golden, Subject subject, Subject oneStage)
            throws IOException, InterruptedException {
        return new Parity(golden).measure(subject, oneStage);
    }

    private ParityReport measure(Subject subject, Subject oneStage)
            throws IOException, InterruptedException {
        double logits;
        boolean equal;
        try (var ours = subject.logits(golden.inputs());
                var single = oneStage.logits(golden.inputs());
                var theirs = golden.logits()) {
            logits = largestDifference(ours, theirs);
            equal = Digest.of(ours.data()).equals(Digest.of(single.data()));
        }
        boolean greedy = !golden.generates() || generatesTheSame(subject);
        if (!golden.hasLoss()) {
            return new ParityReport(logits, 0, 0, "none", 0, greedy, equal);
        }
        var batch = golden.batch();
        subject.zeroGradients();
        float loss = subject.forwardBackward(batch);
        var worst = worstGradient(subject);
        var bits = bits(subject);
        var losses = train(subject, batch);
        oneStage.zeroGradients();
        float oneLoss = oneStage.forwardBackward(batch);
        boolean bitEqual =
                equal
                        && Float.floatToRawIntBits(loss) == Float.floatToRawIntBits(oneLoss)
                        && bits.equals(bits(oneStage))
                        && losses.equals(train(oneStage, batch))
                        && subject.weightsDigest().equals(oneStage.weightsDigest());
        return new ParityReport(
                logits,
                Math.abs((double) loss - golden.loss()),
                worst.difference(),
                worst.parameter(),
                largestDifference(losses, golden.adamwLosses()),
                greedy,
                bitEqual);
    }

    private boolean generatesTheSame(Subject subject) throws IOException, InterruptedException {
        var sequence = golden.greedy();
        var rest = sequence.subList(Golden.PROMPT, sequence.size());
        return subject.greedy(sequence.subList(0, Golden.PROMPT), rest.size()).equals(rest);
    }

    private record Worst(String parameter, double difference) {}

    private Worst worstGradient(Subject subject) throws IOException, InterruptedException {
        var worst = new Worst("none", 0);
        double all = largestGradient();
        for (var parameter : golden.parameters()) {
            try (var ours = subject.gradient(parameter);
                    var theirs = golden.gradient(parameter)) {
                double difference = largestDifference(ours, theirs);
                double own = largest(theirs);
                double relative = difference / (own < NOISE * all ? all : own);
                relative = difference == 0 ? 0 : relative;
                if (!(relative <= worst.difference())) {
                    worst = new Worst(parameter, relative);
                }
            }
        }
        return worst;
    }

    private double largestGradient() throws IOException, InterruptedException {
        double largest = 0;
        for (var parameter : golden.parameters()) {
            try (var theirs = golden.gradient(parameter)) {
                largest = larger(largest, largest(theirs));
            }
        }
        return largest;
    }

    private List<Digest> bits(Subject subject) throws IOException, InterruptedException {
        var digests = new ArrayList<Digest>();
        for (var parameter : golden.parameters()) {
            try (var gradient = subject.gradient(parameter)) {
                digests.add(Digest.of(gradient.data()));
            }
        }
        return digests;
    }

    /** The loss before each step, on the same batch. */
    private List<Float> train(Subject subject, Batch batch)
            throws IOException, InterruptedException {
        var losses = new ArrayList<Float>();
        for (int step = 0; step < golden.adamwLosses().size(); step++) {
            subject.zeroGradients();
            losses.add(subject.forwardBackward(batch));
            subject.step(ADAMW);
        }
        return losses;
    }

    private static double largestDifference(List<Float> a, List<Float> b) {
        double largest = 0;
        for (int i = 0; i < a.size(); i++) {
            largest = larger(largest, Math.abs((double) a.get(i) - b.get(i)));
        }
        return largest;
    }

    private static double largestDifference(Tensor a, Tensor b) {
        if (!a.shape().equals(b.shape())) {
            return Double.POSITIVE_INFINITY;
        }
        double largest = 0;
        for (long i = 0; i < a.elements(); i++) {
            largest = larger(largest, Math.abs((double) a.floatAt(i) - b.floatAt(i)));
        }
        return largest;
    }

    private static double largest(Tensor values) {
        double largest = 0;
        for (long i = 0; i < values.elements(); i++) {
            largest = larger(largest, Math.abs((double) values.floatAt(i)));
        }
        return largest;
    }

    /** Not a number counts as the largest of all. */
    private static double larger(double a, double b) {
        return b <= a ? a : b;
    }
}
