package tensorlink.jobs.training;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import tensorlink.compute.Batch;
import tensorlink.compute.MicroBatch;
import tensorlink.compute.Rows;
import tensorlink.compute.Tokens;
import tensorlink.compute.tensor.Tensor;

/**
 * What a model answers: the class of each row, also a layer graph that chooses one, or, where each
 * row of a text that is to be continued asks for one token only, that token; the likeliest one
 * each.
 */
final class Answers {
    private Answers() {}

    /** Gives what the last stage gives for rows, as many as a micro-batch at most. */
    interface Logits {
        Tensor of(Rows rows) throws IOException, InterruptedException;
    }

    static List<Trainee.Answer> of(Batch batch, List<MicroBatch> parts, Logits logits)
            throws IOException, InterruptedException {
        return switch (batch.task()) {
            case CLASSIFICATION -> classes(parts, logits);
            case CAUSAL_LM ->
                    batch.labelCount() == batch.inputs().rows() ? tokens(batch, logits) : List.of();
            case GRAPH ->
                    batch.labels() instanceof Tokens && batch.labels().length() == 1
                            ? classes(parts, logits)
                            : List.of();
            case MASKED_LM, REGRESSION, FEATURES -> List.of();
        };
    }

    private static List<Trainee.Answer> classes(List<MicroBatch> parts, Logits logits)
            throws IOException, InterruptedException {
        var answers = new ArrayList<Trainee.Answer>();
        for (var part : parts) {
            try (var given = logits.of(part.inputs())) {
                long classes = given.elements() / part.inputs().rows();
                for (int row = 0; row < part.inputs().rows(); row++) {
                    answers.add(
                            new Trainee.Answer(
                                    part.labels().tokens().at(row, 0),
                                    likeliest(given, row * classes, classes)));
                }
            }
        }
        return answers;
    }

    private static List<Trainee.Answer> tokens(Batch batch, Logits logits)
            throws IOException, InterruptedException {
        var answers = new ArrayList<Trainee.Answer>();
        for (int row = 0; row < batch.inputs().rows(); row++) {
            try (var given = logits.of(batch.inputs().tokens().rows(row, row + 1))) {
                int t = asked(batch.labels().tokens(), row);
                if (t > 0) {
                    long vocabulary = given.shape().axis(2);
                    answers.add(
                            new Trainee.Answer(
                                    batch.labels().tokens().at(row, t),
                                    likeliest(given, (t - 1) * vocabulary, vocabulary)));
                }
            }
        }
        return answers;
    }

    /** The last place of a row whose label counts; 0 for none. */
    private static int asked(Tokens labels, int row) {
        int t = labels.length() - 1;
        while (t > 0 && labels.at(row, t) == Batch.IGNORED) {
            t--;
        }
        return t;
    }

    private static long likeliest(Tensor logits, long first, long count) {
        long best = 0;
        for (long i = 1; i < count; i++) {
            if (logits.floatAt(first + i) > logits.floatAt(first + best)) {
                best = i;
            }
        }
        return best;
    }
}
