package tensorlink.compute.onnx;

import com.google.protobuf.UnsafeByteOperations;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import tensorlink.compute.Model;
import tensorlink.compute.format.ModelFile;
import tensorlink.compute.format.ModelFormatException;
import tensorlink.compute.tokenizer.Tokenizer;

/**
 * Reads an encoder from an ONNX file, as PyTorch's exporter writes it. {@link Model#save} then
 * makes a Hugging Face folder of it.
 *
 * <p>Source: onnx/onnx.proto and docs/Operators.md of github.com/onnx/onnx.
 */
public final class OnnxImport {
    /** The most bytes of a file; all are held in memory as long as the model is. */
    public static final int FILE_BYTES_MAX = 1 << 30;

    private static final String ENDING = ".onnx";
    private static final String JAR_ENDING = ".jar";
    private static final String TOKENIZER = "tokenizer.json";

    private OnnxImport() {}

    /** Where an ONNX file is, and what else is there. */
    interface Source {
        /** Says in errors which of its files is meant. */
        String nameOf(String file);

        boolean has(String file) throws IOException;

        /** A whole file, unless it is longer than {@code max}. */
        byte[] bytes(String file, int max) throws IOException;
    }

    /**
     * Reads a BERT: its weights as they are, what {@code config.json} would say from the graph, and
     * the tokenizer from {@code tokenizer.json} or {@code NAME-tokenizer.json} beside {@code
     * NAME.onnx}, if one is there.
     *
     * @param file an ONNX file, or a {@code .jar} with one such file at its top
     * @throws ModelFormatException when a file is malformed or too large, or when the graph has an
     *     operator or a part that no such model has
     */
    public static Model read(Path file) throws IOException {
        var whole = file.toAbsolutePath().normalize();
        var folder = whole.getParent();
        var name = whole.getFileName();
        if (folder == null || name == null) {
            throw new ModelFormatException(file.toString(), "not a file");
        }
        if (!name.toString().endsWith(JAR_ENDING)) {
            return read(new InFolder(folder), name.toString());
        }
        try (var jar = OnnxJar.open(whole)) {
            return read(jar, jar.only(ENDING));
        }
    }

    private static Model read(Source source, String name) throws IOException {
        var content = UnsafeByteOperations.unsafeWrap(source.bytes(name, FILE_BYTES_MAX));
        var shown = source.nameOf(name);
        var bert = BertReader.read(shown, OnnxGraph.of(OnnxFile.parse(shown, content)));
        var stem =
                name.endsWith(ENDING) ? name.substring(0, name.length() - ENDING.length()) : name;
        return new Model(stem, bert.config(), bert.weights(), tokenizer(source, stem));
    }

    private static Optional<Tokenizer> tokenizer(Source source, String stem) throws IOException {
        var own = stem + "-" + TOKENIZER;
        var name = source.has(own) ? own : TOKENIZER;
        if (!source.has(name)) {
            return Optional.empty();
        }
        var json = source.bytes(name, Tokenizer.JSON_BYTES_MAX);
        return Optional.of(Tokenizer.parse(source.nameOf(name), json));
    }

    private record InFolder(Path folder) implements Source {
        @Override
        public String nameOf(String file) {
            return folder.resolve(file).toString();
        }

        @Override
        public boolean has(String file) {
            return ModelFile.exists(folder, file);
        }

        @Override
        public byte[] bytes(String file, int max) throws IOException {
            return ModelFile.in(folder, file).bytes(max);
        }
    }
}
