package tensorlink.jobs.training;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import tensorlink.compute.Batch;
import tensorlink.compute.Model;
import tensorlink.compute.Values;
import tensorlink.compute.optim.Optimizer;
import tensorlink.jobs.DistributedModel;
import tensorlink.jobs.data.Examples;
import tensorlink.jobs.data.LabelledImages;

/** A perceptron in plain Java, which learns from images and remembers which it has seen. */
final class LinearImages implements Trainee<Batch> {
    private final double[][] weights;
    private final double[][] gradients;
    private final List<Float> seen = new ArrayList<>();
    private double loss;
    private long steps;

    LinearImages(int pixels, int classes) {
        weights = new double[classes][pixels];
        gradients = new double[classes][pixels];
    }

    /** So many different images of 2 x 2, the left or the right half of which is lit. */
    static Examples<Batch> examples(int count) throws IOException {
        var images = ByteBuffer.allocate(16 + 4 * count);
        images.putInt(0x803).putInt(count).putInt(2).putInt(2);
        var labels = ByteBuffer.allocate(8 + count).putInt(0x801).putInt(count);
        for (int i = 0; i < count; i++) {
            byte lit = (byte) (100 + i);
            byte left = i % 2 == 0 ? lit : 0;
            byte right = i % 2 == 0 ? 0 : lit;
            images.put(left).put(right).put(left).put(right);
            labels.put((byte) (i % 2));
        }
        var folder = Files.createTempDirectory("images");
        var imageFile = Files.write(folder.resolve("images"), images.array());
        var labelFile = Files.write(folder.resolve("labels"), labels.array());
        try {
            return LabelledImages.read(imageFile, labelFile);
        } finally {
            Files.delete(imageFile);
            Files.delete(labelFile);
            Files.delete(folder);
        }
    }

    /** The brightest pixel of each image learnt from, which tells it from the others. */
    List<Float> seen() {
        return seen;
    }

    @Override
    public Model model() {
        throw new UnsupportedOperationException("no checkpoints here");
    }

    @Override
    public void readState(DistributedModel.StateReader reader) {
        throw new UnsupportedOperationException("no checkpoints here");
    }

    @Override
    public long steps() {
        return steps;
    }

    @Override
    public void backward(Batch batch) {
        for (var gradient : gradients) {
            Arrays.fill(gradient, 0);
        }
        loss = 0;
        int rows = batch.inputs().rows();
        for (int row = 0; row < rows; row++) {
            seen.add(Math.max(pixel(batch, row, 0), pixel(batch, row, 1)));
            var shares = shares(batch, row);
            int label = (int) batch.labels().tokens().at(row, 0);
            loss -= Math.log(shares[label]) / rows;
            for (int c = 0; c < shares.length; c++) {
                double error = shares[c] - (c == label ? 1 : 0);
                for (int i = 0; i < gradients[c].length; i++) {
                    gradients[c][i] += error * pixel(batch, row, i) / rows;
                }
            }
        }
    }

    @Override
    public Stepped step(Optimizer rule, double maxNorm) {
        double squares = 0;
        for (var row : gradients) {
            for (double gradient : row) {
                squares += gradient * gradient;
            }
        }
        double norm = Math.sqrt(squares);
        double scale = Math.min(1, maxNorm / norm);
        for (int c = 0; c < weights.length; c++) {
            for (int i = 0; i < weights[c].length; i++) {
                weights[c][i] -= rule.learningRate() * scale * gradients[c][i];
            }
        }
        steps++;
        return new Stepped((float) loss, norm);
    }

    @Override
    public Evaluation evaluate(Batch batch) {
        int rows = batch.inputs().rows();
        double sum = 0;
        var answers = new ArrayList<Answer>();
        for (int row = 0; row < rows; row++) {
            var shares = shares(batch, row);
            int label = (int) batch.labels().tokens().at(row, 0);
            sum -= Math.log(shares[label]);
            answers.add(new Answer(label, shares[label] > 0.5 ? label : 1 - label));
        }
        return new Evaluation(sum / rows, answers);
    }

    private double[] shares(Batch batch, int row) {
        var shares = new double[weights.length];
        double sum = 0;
        for (int c = 0; c < shares.length; c++) {
            double score = 0;
            for (int i = 0; i < weights[c].length; i++) {
                score += weights[c][i] * pixel(batch, row, i);
            }
            shares[c] = Math.exp(score);
            sum += shares[c];
        }
        for (int c = 0; c < shares.length; c++) {
            shares[c] /= sum;
        }
        return shares;
    }

    private float pixel(Batch batch, int row, int index) {
        return ((Values) batch.inputs()).at(row, index);
    }
}
