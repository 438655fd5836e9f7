package tensorlink.jobs.training;

import java.io.IOException;
import tensorlink.compute.Batch;
import tensorlink.compute.Tokens;
import tensorlink.compute.tensor.Tensor;

/**
 * Counts the right answers of a model that continues texts, for batches in which each row asks for
 * one token only: then that token is the answer, and the likeliest token the model's.
 */
final class Answers {
    private Answers() {}

    /** Gives the logits of rows of tokens, of shape [rows, length, vocabulary]. */
    interface Logits {
        Tensor of(Tokens rows) throws IOException, InterruptedException;
    }

    static Trainee.Evaluation judge(Batch batch, double loss, Logits logits)
            throws IOException, InterruptedException {
        int rows = batch.inputs().rows();
        if (batch.labelCount() != rows || !(batch.inputs() instanceof Tokens)) {
            return new Trainee.Evaluation(loss, 0, 0);
        }
        long right = 0;
        for (int row = 0; row < rows; row++) {
            try (var answer = logits.of(batch.inputs().tokens().rows(row, row + 1))) {
                right += isRight(batch.labels().tokens(), row, answer) ? 1 : 0;
            }
        }
        return new Trainee.Evaluation(loss, right, rows);
    }

    private static boolean isRight(Tokens labels, int row, Tensor logits) {
        long vocabulary = logits.shape().axis(2);
        boolean right = true;
        for (int t = 1; t < labels.length(); t++) {
            long label = labels.at(row, t);
            if (label != Batch.IGNORED) {
                right &= likeliest(logits, (t - 1) * vocabulary, vocabulary) == label;
            }
        }
        return right;
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
