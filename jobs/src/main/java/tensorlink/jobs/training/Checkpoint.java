package tensorlink.jobs.training;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tensorlink.compute.Digest;
import tensorlink.compute.Model;
import tensorlink.compute.StageState;
import tensorlink.compute.format.AtomicFile;
import tensorlink.compute.format.JoinedWeights;
import tensorlink.compute.format.JsonObject;
import tensorlink.compute.format.ModelFile;
import tensorlink.compute.format.ModelFormatException;
import tensorlink.compute.format.Safetensors;
import tensorlink.compute.format.Weights;
import tensorlink.compute.optim.StateSlot;
import tensorlink.compute.tensor.TensorSpec;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/**
 * All that a run needs to go on after a step as if it had never stopped, on this machine or
 * another, today or in a year: a folder that is also a Hugging Face model.
 *
 * <pre>
 * config.json, model.safetensors, tokenizer.json   the model, as {@link Model#save} writes it
 * optimizer.safetensors                            what the optimizer remembers, see {@link StageState}
 * metrics.jsonl                                    everything logged so far
 * checkpoint.json                                  how far the run is, and each file's size and SHA-256
 * </pre>
 *
 * <p>Written last, {@code checkpoint.json} makes a folder a checkpoint; {@link #open} believes no
 * file before its digest is checked.
 */
public final class Checkpoint {
    static final String INDEX = "checkpoint.json";

    private static final String FORMAT = "tensorlink checkpoint 1";
    private static final String OPTIMIZER = "optimizer.safetensors";
    private static final String TOKENIZER = "tokenizer.json";
    private static final List<String> FILES =
            List.of("config.json", "model.safetensors", OPTIMIZER, MetricsLog.NAME);
    private static final int INDEX_BYTES_MAX = 1 << 16;
    private static final int PIECE_BYTES = 1 << 20;

    private final Path folder;
    private final TrainerState state;
    private final Trainer.Course course;

    private Checkpoint(Path folder, TrainerState state, Trainer.Course course) {
        this.folder = folder;
        this.state = state;
        this.course = course;
    }

    /** Writes the files of a checkpoint into {@code folder}, which is new. */
    static void write(
            Path folder, Model model, StageState held, TrainerState state, Trainer.Course course)
            throws IOException, InterruptedException {
        Files.createDirectories(folder);
        model.withWeights(held.parameters()).save(folder);
        Safetensors.write(folder.resolve(OPTIMIZER), new OptimizerOnly(held.tensors()), Map.of());
        MetricsLog.write(folder.resolve(MetricsLog.NAME), state.history());
        AtomicFile.write(folder.resolve(INDEX), index(folder, state, course));
    }

    private static byte[] index(Path folder, TrainerState state, Trainer.Course course)
            throws IOException {
        var bytes = new ByteArrayOutputStream();
        try (var json = new JsonFactory().createGenerator(ObjectWriteContext.empty(), bytes)) {
            json.writeStartObject();
            json.writeStringProperty("format", FORMAT);
            json.writeNumberProperty("step", state.step());
            MetricsLog.number(json, "loss", state.loss());
            MetricsLog.number(json, "loss_sum", state.lossSum());
            json.writeNumberProperty("loss_count", state.lossCount());
            json.writeStringProperty("seed", Long.toString(course.seed()));
            json.writeNumberProperty("rows", course.rows());
            json.writeStringProperty("examples", course.examples().hex());
            json.writeObjectPropertyStart("files");
            for (var name : files(folder)) {
                json.writeObjectPropertyStart(name);
                json.writeNumberProperty("bytes", Files.size(folder.resolve(name)));
                json.writeStringProperty("sha256", digest(folder.resolve(name)).hex());
                json.writeEndObject();
            }
            json.writeEndObject();
            json.writeEndObject();
        }
        return bytes.toByteArray();
    }

    private static List<String> files(Path folder) {
        var names = new ArrayList<>(FILES);
        if (ModelFile.exists(folder, TOKENIZER)) {
            names.add(TOKENIZER);
        }
        return names;
    }

    private static Digest digest(Path file) throws IOException {
        var hash = Digest.sha256();
        var piece = new byte[PIECE_BYTES];
        try (var in = Files.newInputStream(file)) {
            for (int count = in.read(piece); count >= 0; count = in.read(piece)) {
                hash.update(piece, 0, count);
            }
        }
        return Digest.ofHash(hash.digest());
    }

    /**
     * Opens a checkpoint, and reads all of it once.
     *
     * @throws ModelFormatException when a file is missing, malformed, or not what was written
     */
    public static Checkpoint open(Path folder) throws IOException {
        var file = ModelFile.in(folder, INDEX);
        var json = JsonObject.parse(file.toString(), file.bytes(INDEX_BYTES_MAX), INDEX_BYTES_MAX);
        if (!json.string("format").equals(FORMAT)) {
            throw json.unsupported("format", "\"" + FORMAT + "\"");
        }
        var files = json.object("files");
        if (files.isEmpty()) {
            throw json.unsupported("files", "an object");
        }
        for (var name : files(folder)) {
            var entry = files.get().object(name);
            if (entry.isEmpty()) {
                throw files.get().unsupported(name, "an object");
            }
            requireAsWritten(folder, name, entry.get());
        }
        var history =
                MetricsLog.parse(
                        folder.resolve(MetricsLog.NAME).toString(),
                        ModelFile.in(folder, MetricsLog.NAME).bytes(MetricsLog.BYTES_MAX));
        var state =
                new TrainerState(
                        MetricsLog.whole(json, "step"),
                        0,
                        0,
                        (float) number(json, "loss"),
                        number(json, "loss_sum"),
                        MetricsLog.whole(json, "loss_count"),
                        history);
        return new Checkpoint(folder, state, course(json));
    }

    private static void requireAsWritten(Path folder, String name, JsonObject entry)
            throws IOException {
        var file = ModelFile.in(folder, name);
        long bytes = MetricsLog.whole(entry, "bytes");
        if (file.size() != bytes) {
            throw new ModelFormatException(
                    file.toString(), file.size() + " bytes, " + bytes + " were written");
        }
        var digest = digest(folder.resolve(name)).hex();
        if (!digest.equals(entry.string("sha256"))) {
            throw new ModelFormatException(
                    file.toString(), "its SHA-256 is " + digest + ", not that of what was written");
        }
    }

    private static double number(JsonObject json, String key) throws ModelFormatException {
        return json.number(key, -Double.MAX_VALUE, Double.MAX_VALUE, Double.NaN);
    }

    private static Trainer.Course course(JsonObject json) throws ModelFormatException {
        try {
            return new Trainer.Course(
                    Long.parseLong(json.string("seed")),
                    json.integer("rows", 1, Integer.MAX_VALUE),
                    new Digest(json.string("examples")));
        } catch (NumberFormatException noNumber) {
            throw json.unsupported("seed", "the digits of an integer");
        } catch (IllegalArgumentException noDigest) {
            throw json.unsupported("examples", "a SHA-256");
        }
    }

    /** How far the run was. */
    public TrainerState trainerState() {
        return state;
    }

    /** The model as it was. */
    public Model model() throws IOException {
        return Model.load(folder);
    }

    /** What stages begin with, of any split; the caller closes it. */
    public StageState stageState() throws IOException {
        return new StageState(
                state.step(),
                new JoinedWeights(
                        List.of(
                                Safetensors.openFolder(folder),
                                Safetensors.open(folder.resolve(OPTIMIZER)))));
    }

    /**
     * Makes sure that a run would learn from the examples that this one would have learnt from.
     *
     * @throws ModelFormatException naming what differs
     */
    public void requireSame(Trainer.Course other) throws ModelFormatException {
        var differences = new LinkedHashMap<String, String>();
        differences.put("seed", difference(course.seed(), other.seed()));
        differences.put("rows", difference(course.rows(), other.rows()));
        differences.put("examples", difference(course.examples(), other.examples()));
        for (var difference : differences.entrySet()) {
            if (!difference.getValue().isEmpty()) {
                throw new ModelFormatException(
                        folder.toString(),
                        "a run of other " + difference.getKey() + ": " + difference.getValue());
            }
        }
    }

    private static String difference(Object here, Object there) {
        return here.equals(there) ? "" : here + ", not " + there;
    }

    private record OptimizerOnly(Weights all) implements Weights {
        @Override
        public List<TensorSpec> tensors() {
            return all.tensors().stream()
                    .filter(tensor -> tensor.name().startsWith(StateSlot.PREFIX))
                    .toList();
        }

        @Override
        public void read(String name, long offset, MemorySegment target)
                throws IOException, InterruptedException {
            all.read(name, offset, target);
        }
    }
}
