package tensorlink.jobs.training;

import java.io.IOException;
import java.io.StringWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tensorlink.compute.format.AtomicFile;
import tensorlink.compute.format.JsonObject;
import tensorlink.compute.format.ModelFile;
import tensorlink.compute.format.ModelFormatException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/**
 * Writes {@code metrics.jsonl}: a line for everything that is logged, which is on its way to disk
 * when the next step begins. A number that is infinite or none is null.
 *
 * <pre>{@code
 * {"loss":2.31,"grad_norm":0.84,"learning_rate":0.001,"epoch":0.5,"step":10}
 * }</pre>
 */
public final class MetricsLog implements TrainerCallback, AutoCloseable {
    /** What the file is called in the folder of a run. */
    public static final String NAME = "metrics.jsonl";

    static final int BYTES_MAX = 256 << 20;
    static final int LINE_BYTES_MAX = 1 << 16;
    static final int VALUES_MAX = 64;

    private static final double STEP_MAX = 0x1p53;
    private static final JsonFactory JSON = new JsonFactory();

    private final Path file;
    private @Nullable Writer writer;

    /** The file appears when the run begins, with what the run has logged before. */
    public MetricsLog(Path file) {
        this.file = file;
    }

    @Override
    public void onTrainBegin(TrainerState state, TrainerControl control)
            throws IOException, InterruptedException {
        close();
        write(file, state.history());
        writer = Files.newBufferedWriter(file, StandardCharsets.UTF_8, StandardOpenOption.APPEND);
    }

    @Override
    public void onLog(TrainerState state, TrainerControl control, Metrics metrics)
            throws IOException {
        var open = writer;
        if (open != null) {
            open.write(line(metrics));
            open.flush();
        }
    }

    @Override
    public void close() throws IOException {
        if (writer != null) {
            writer.close();
            writer = null;
        }
    }

    /** Writes a whole file. */
    static void write(Path file, List<Metrics> history) throws IOException, InterruptedException {
        var lines = new StringBuilder();
        for (var metrics : history) {
            lines.append(line(metrics));
        }
        AtomicFile.write(file, lines.toString().getBytes(StandardCharsets.UTF_8));
    }

    private static String line(Metrics metrics) {
        var text = new StringWriter();
        try (var json = JSON.createGenerator(ObjectWriteContext.empty(), text)) {
            json.writeStartObject();
            for (var value : metrics.values().entrySet()) {
                number(json, value.getKey(), value.getValue());
            }
            json.writeNumberProperty("epoch", metrics.epoch());
            json.writeNumberProperty("step", metrics.step());
            json.writeEndObject();
        }
        return text + "\n";
    }

    static void number(JsonGenerator json, String key, double value) {
        if (Double.isFinite(value)) {
            json.writeNumberProperty(key, value);
        } else {
            json.writeNullProperty(key);
        }
    }

    /**
     * Reads a file.
     *
     * @throws ModelFormatException naming file, line and key of what is malformed; a last line
     *     without an end is passed over, as it may still be written
     */
    public static List<Metrics> read(Path file) throws IOException {
        var folder = file.toAbsolutePath().getParent();
        var name = file.getFileName();
        if (folder == null || name == null) {
            throw new ModelFormatException(file.toString(), "not a file");
        }
        var content = ModelFile.in(folder, name.toString()).bytes(BYTES_MAX);
        return parse(file.toString(), content);
    }

    static List<Metrics> parse(String source, byte[] content) throws ModelFormatException {
        var history = new ArrayList<Metrics>();
        int number = 0;
        int at = 0;
        for (int end = 0; end < content.length; end++) {
            if (content[end] == '\n') {
                var place = source + ":" + ++number;
                history.add(metrics(place, Arrays.copyOfRange(content, at, end)));
                at = end + 1;
            }
        }
        return history;
    }

    private static Metrics metrics(String place, byte[] line) throws ModelFormatException {
        var json = JsonObject.parse(place, line, LINE_BYTES_MAX);
        var values = new LinkedHashMap<String, Double>();
        if (json.keys().size() > VALUES_MAX) {
            throw new ModelFormatException(
                    place, json.keys().size() + " values, limit " + VALUES_MAX);
        }
        for (var key : json.keys()) {
            values.put(key, json.number(key, -Double.MAX_VALUE, Double.MAX_VALUE, Double.NaN));
        }
        values.remove("epoch");
        values.remove("step");
        return new Metrics(whole(json, "step"), json.number("epoch", 0, Double.MAX_VALUE), values);
    }

    /** A number without a fraction, 0 or more. */
    static long whole(JsonObject json, String key) throws ModelFormatException {
        double value = json.number(key, 0, STEP_MAX);
        if (value != Math.rint(value)) {
            throw json.unsupported(key, "a whole number");
        }
        return (long) value;
    }
}
