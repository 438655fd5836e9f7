package tensorlink.jobs.data;

import java.io.IOException;
import java.nio.file.Path;
import tensorlink.compute.Batch;
import tensorlink.compute.Digest;
import tensorlink.compute.Task;
import tensorlink.compute.Tokens;
import tensorlink.compute.Values;

/**
 * Grey images of one size, each of one class, from two IDX files as those of MNIST: for a layer
 * graph that takes [1, height, width] and chooses one class.
 */
public final class LabelledImages implements Examples<Batch> {
    private static final float WHITE = 255;

    private final IdxFile images;
    private final IdxFile labels;
    private final int classes;

    private LabelledImages(IdxFile images, IdxFile labels) {
        this.images = images;
        this.labels = labels;
        this.classes = 1 + labels.values().max().orElse(0);
    }

    /**
     * Reads the images and the numbers of their classes.
     *
     * @throws DataFormatException when a file is malformed, or they are not equally many
     */
    public static LabelledImages read(Path images, Path labels) throws IOException {
        return of(IdxFile.read(images, 3), IdxFile.read(labels, 1), labels.toString());
    }

    static LabelledImages of(IdxFile images, IdxFile labels, String source)
            throws DataFormatException {
        int count = images.shape().getFirst();
        if (labels.size() != count) {
            throw new DataFormatException(
                    source, labels.size() + " classes for " + count + " images");
        }
        return new LabelledImages(images, labels);
    }

    public int height() {
        return images.shape().get(1);
    }

    public int width() {
        return images.shape().get(2);
    }

    /** One more than the largest number of a class. */
    public int classes() {
        return classes;
    }

    @Override
    public int size() {
        return labels.size();
    }

    /** Values from 0, black, to 1, white, the rows of an image one behind the other. */
    @Override
    public Batch batch(int... picked) {
        int area = height() * width();
        var pixels = new float[Math.multiplyExact(picked.length, area)];
        var numbers = new long[picked.length][1];
        for (int row = 0; row < picked.length; row++) {
            for (int i = 0; i < area; i++) {
                pixels[row * area + i] = images.at(picked[row] * area + i) / WHITE;
            }
            numbers[row][0] = labels.at(picked[row]);
        }
        return new Batch(Values.of(area, pixels), Tokens.of(numbers), Task.Kind.GRAPH);
    }

    @Override
    public Digest digest() {
        var hash = Digest.sha256();
        hash.update(images.bytes());
        hash.update(labels.bytes());
        return Digest.ofHash(hash.digest());
    }
}
