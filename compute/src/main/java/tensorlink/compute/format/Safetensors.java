package tensorlink.compute.format;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;

/**
 * Reads and writes weights in the safetensors format.
 *
 * <p>Source: the format section of the README of github.com/huggingface/safetensors.
 */
public final class Safetensors {
    /** The file of a model whose weights are in one. */
    public static final String SINGLE = "model.safetensors";

    /** The file that says which tensor is where, of a model whose weights are in several. */
    public static final String INDEX = "model.safetensors.index.json";

    private Safetensors() {}

    /**
     * Opens one file. Its header is checked now, completely; values are read when asked for.
     *
     * @throws ModelFormatException when it is not a well-formed safetensors file
     */
    public static Weights open(Path file) throws IOException {
        return SafetensorsFile.open(ModelFile.of(file));
    }

    /**
     * Opens the weights of a model's folder: {@value #SINGLE}, or the shards that {@value #INDEX}
     * names.
     *
     * @throws ModelFormatException when there are none, or a file is malformed
     */
    public static Weights openFolder(Path folder) throws IOException {
        if (ModelFile.exists(folder, SINGLE)) {
            return SafetensorsFile.open(ModelFile.in(folder, SINGLE));
        }
        if (ModelFile.exists(folder, INDEX)) {
            return ShardedSafetensors.open(folder);
        }
        var pickled = ModelFile.exists(folder, "pytorch_model.bin");
        throw new ModelFormatException(
                folder.toString(),
                "neither "
                        + SINGLE
                        + " nor "
                        + INDEX
                        + (pickled
                                ? "; pytorch_model.bin is a pickle, which can run code: convert it"
                                        + " to safetensors"
                                : ""));
    }

    /**
     * Which file of a folder has which tensor, as {@value #INDEX} there says; the files are not
     * looked at.
     *
     * @throws ModelFormatException when there is no index, or it is malformed
     */
    public static Map<String, String> index(Path folder) throws IOException {
        return ShardedSafetensors.index(ModelFile.in(folder, INDEX));
    }

    /**
     * Writes all of {@code weights} to one file, which appears complete or not at all.
     *
     * @param metadata what the header says besides; transformers wants {@code "format": "pt"}
     */
    public static void write(Path file, Weights weights, Map<String, String> metadata)
            throws IOException, InterruptedException {
        SafetensorsWriter.write(file, weights, metadata);
    }
}
