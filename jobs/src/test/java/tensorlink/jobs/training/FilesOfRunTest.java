package tensorlink.jobs.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tensorlink.compute.Digest;
import tensorlink.compute.Model;
import tensorlink.compute.StageState;
import tensorlink.compute.format.ModelFormatException;
import tensorlink.jobs.lab.Lab;
import tensorlink.jobs.wire.TrainingEvent;
import tensorlink.jobs.wire.TrainingSession;
import tensorlink.p2p.core.Scheduler;

/** Metrics, event files and checkpoints as they lie on disk. */
class FilesOfRunTest {
    private static final Metrics LOSS = metrics(10, 0.5, "loss", 2.5, "learning_rate", 1e-3);
    private static final Metrics EVALUATION = metrics(10, 0.5, "eval_loss", Double.NaN);
    private static final Trainer.Course COURSE =
            new Trainer.Course(-7, 4, Digest.of(new byte[] {1}));

    @TempDir private Path folder;

    private static Metrics metrics(long step, double epoch, Object... namesAndValues) {
        var values = new LinkedHashMap<String, Double>();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            values.put((String) namesAndValues[i], (Double) namesAndValues[i + 1]);
        }
        return new Metrics(step, epoch, values);
    }

    private static void log(TrainerCallback to, TrainerState from, Metrics... all)
            throws Exception {
        var control = new TrainerControl();
        to.onTrainBegin(from, control);
        for (var metrics : all) {
            to.onLog(from, control, metrics);
        }
    }

    // metrics.jsonl

    @Test
    void metrics_are_lines_of_json_under_the_names_of_hugging_face() throws Exception {
        var file = folder.resolve("metrics.jsonl");
        try (var log = new MetricsLog(file)) {
            log(log, TrainerState.initial(), LOSS, EVALUATION);
        }

        assertThat(file)
                .hasContent(
                        """
                        {"loss":2.5,"learning_rate":0.001,"epoch":0.5,"step":10}
                        {"eval_loss":null,"epoch":0.5,"step":10}
                        """);
        assertThat(MetricsLog.read(file)).containsExactly(LOSS, EVALUATION);
    }

    @Test
    void a_run_that_goes_on_keeps_what_it_had_logged_and_nothing_later() throws Exception {
        var file = folder.resolve("metrics.jsonl");
        var later = metrics(12, 0.6, "loss", 2.4);
        try (var log = new MetricsLog(file)) {
            log(log, TrainerState.initial(), LOSS, later);
        }

        var again = metrics(12, 0.6, "loss", 2.3);
        try (var log = new MetricsLog(file)) {
            log(log, TrainerState.at(11, List.of(LOSS)), again);
        }

        assertThat(MetricsLog.read(file)).containsExactly(LOSS, again);
    }

    @Test
    void a_last_line_without_its_end_may_still_be_written() throws Exception {
        var file = Files.writeString(folder.resolve("m.jsonl"), "{\"step\":1,\"epoch\":0}\n{\"st");

        assertThat(MetricsLog.read(file)).containsExactly(metrics(1, 0));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{}| step is missing",
                "{\"step\":1}| epoch is missing",
                "{\"step\":-1,\"epoch\":0}| step: expected a number from 0.0 to"
                        + " 9.007199254740992E15, found -1",
                "{\"step\":1.5,\"epoch\":0}| step: expected a whole number, found 1.5",
                "{\"step\":1,\"epoch\":-1}| epoch: expected a number from 0.0 to"
                        + " 1.7976931348623157E308, found -1",
                "{\"step\":1,\"epoch\":0,\"loss\":\"low\"}| loss: expected a number from"
                        + " -1.7976931348623157E308 to 1.7976931348623157E308, found \"low\"",
                "[]| expected a JSON object, found an array",
            })
    void metrics_that_are_malformed_are_refused_with_their_line(String line, String error)
            throws Exception {
        var file =
                Files.writeString(
                        folder.resolve("m.jsonl"), "{\"step\":1,\"epoch\":0}\n" + line + "\n");

        assertThatThrownBy(() -> MetricsLog.read(file))
                .isInstanceOf(ModelFormatException.class)
                .hasMessage(file + ":2: " + error);
    }

    @Test
    void a_line_has_as_many_values_as_the_limit_and_no_more() throws Exception {
        var values = new StringBuilder();
        for (int i = 2; i < MetricsLog.VALUES_MAX; i++) {
            values.append(",\"v").append(i).append("\":1");
        }
        var most = "{\"step\":1,\"epoch\":0" + values;

        assertThat(parse(most + "}\n").getFirst().values()).hasSize(62);
        assertThatThrownBy(() -> parse(most + ",\"one\":1}\n"))
                .hasMessage("x:1: 65 values, limit 64");
    }

    private static List<Metrics> parse(String text) throws ModelFormatException {
        return MetricsLog.parse("x", text.getBytes(StandardCharsets.UTF_8));
    }

    // TensorBoard

    @Test
    void an_event_file_has_the_records_and_tags_that_tensorboard_reads() throws Exception {
        try (var file = new EventFile(folder, Scheduler.system())) {
            log(file, TrainerState.initial(), LOSS, metrics(20, 1, "eval_loss", 2.25));
        }

        var events = events(onlyFile());

        assertThat(events).hasSize(3);
        assertThat(events.getFirst().getFileVersion()).isEqualTo("brain.Event:2");
        assertThat(events.getFirst().getWallTime()).isGreaterThan(1e9);
        assertThat(scalars(events.get(1)))
                .isEqualTo(
                        Map.of(
                                "train/epoch",
                                0.5f,
                                "train/loss",
                                2.5f,
                                "train/learning_rate",
                                1e-3f));
        assertThat(events.get(1).getStep()).isEqualTo(10);
        assertThat(scalars(events.get(2))).isEqualTo(Map.of("train/epoch", 1f, "eval/loss", 2.25f));
    }

    @Test
    void a_run_that_goes_on_has_tensorboard_forget_what_came_after() throws Exception {
        try (var file = new EventFile(folder, Scheduler.system())) {
            log(file, TrainerState.at(11, List.of()), LOSS);
        }

        var start = events(onlyFile()).get(1);

        assertThat(start.getStep()).isEqualTo(12);
        assertThat(start.getSessionLog().getStatus()).isEqualTo(TrainingSession.Status.START);
    }

    @Test
    void a_record_carries_masked_checksums() {
        assertThat(maskedCrc("123456789".getBytes(StandardCharsets.US_ASCII), 9))
                .isEqualTo(mask(0xE3069283)); // the check value of CRC-32C
        var record = ByteBuffer.wrap(EventFile.record(new byte[] {0x61}));

        assertThat(record.order(ByteOrder.LITTLE_ENDIAN).getLong()).isEqualTo(1);
        assertThat(record.getInt()).isEqualTo(maskedCrc(record.array(), 8));
        assertThat(record.get()).isEqualTo((byte) 0x61);
        assertThat(record.getInt()).isEqualTo(maskedCrc(new byte[] {0x61}, 1));
    }

    private Path onlyFile() throws IOException {
        try (var files = Files.list(folder)) {
            var all = files.toList();
            assertThat(all).hasSize(1);
            assertThat(all.getFirst().getFileName().toString()).startsWith("events.out.tfevents.");
            return all.getFirst();
        }
    }

    private static List<TrainingEvent> events(Path file) throws IOException {
        var bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        var events = new ArrayList<TrainingEvent>();
        while (bytes.hasRemaining()) {
            var length = new byte[8];
            bytes.get(bytes.position(), length);
            var event = new byte[(int) bytes.getLong()];
            assertThat(bytes.getInt()).isEqualTo(maskedCrc(length, 8));
            bytes.get(event);
            assertThat(bytes.getInt()).isEqualTo(maskedCrc(event, event.length));
            events.add(TrainingEvent.parseFrom(event));
        }
        return events;
    }

    private static Map<String, Float> scalars(TrainingEvent event) {
        var scalars = new LinkedHashMap<String, Float>();
        for (var value : event.getSummary().getValueList()) {
            scalars.put(value.getTag(), value.getSimpleValue());
        }
        return scalars;
    }

    /** Bit by bit, from the polynomial. */
    private static int maskedCrc(byte[] bytes, int length) {
        int crc = -1;
        for (int i = 0; i < length; i++) {
            crc ^= Byte.toUnsignedInt(bytes[i]);
            for (int bit = 0; bit < 8; bit++) {
                crc = (crc >>> 1) ^ ((crc & 1) == 0 ? 0 : 0x82F63B78);
            }
        }
        return mask(~crc);
    }

    private static int mask(int crc) {
        return ((crc >>> 15) | (crc << 17)) + 0xA282EAD8;
    }

    // Checkpoints

    private static StageState fresh() {
        return StageState.initial(Lab.model().weights());
    }

    private Path save(int keep, long step) throws Exception {
        var state = new TrainerState(step, 100, 1, Float.NaN, 1.25, 2, List.of(LOSS, EVALUATION));
        var checkpoints = new Checkpoints(folder, keep);
        checkpoints.write(Lab.model(), new StageState(step, fresh().tensors()), state, COURSE);
        return checkpoints.keep(step);
    }

    @Test
    void a_checkpoint_is_a_model_and_how_far_its_run_was() throws Exception {
        var saved = save(2, 12);

        var checkpoint = Checkpoint.open(saved);

        assertThat(checkpoint.trainerState())
                .isEqualTo(
                        new TrainerState(12, 0, 0, Float.NaN, 1.25, 2, List.of(LOSS, EVALUATION)));
        checkpoint.requireSame(COURSE);
        assertThat(Model.load(saved).parameterCount()).isEqualTo(Lab.model().parameterCount());
        try (var state = checkpoint.stageState()) {
            assertThat(state.step()).isEqualTo(12);
            assertThat(state.tensors().tensors()).hasSize(Lab.model().weights().tensors().size());
        }
    }

    @Test
    void only_the_newest_checkpoints_stay_and_nothing_half_done() throws Exception {
        Files.createDirectories(folder.resolve(".checkpoint-30.draft"));
        Files.writeString(folder.resolve(".checkpoint-30.draft").resolve("config.json"), "half");
        for (long step : new long[] {9, 10, 30, 30, 200}) {
            save(2, step);
        }

        try (var files = Files.list(folder)) {
            assertThat(files.map(it -> it.getFileName().toString()))
                    .containsExactlyInAnyOrder("checkpoint-30", "checkpoint-200");
        }
        assertThat(new Checkpoints(folder, 2).newest()).hasValue(folder.resolve("checkpoint-200"));
        assertThat(new Checkpoints(folder.resolve("none"), 2).newest()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "model.safetensors",
        "optimizer.safetensors",
        "config.json",
        "tokenizer.json",
        "metrics.jsonl"
    })
    void a_checkpoint_with_a_changed_bit_is_refused(String name) throws Exception {
        var saved = save(1, 12);
        var file = saved.resolve(name);
        var bytes = Files.readAllBytes(file);
        bytes[bytes.length / 2] ^= 1;
        Files.write(file, bytes);

        assertThatThrownBy(() -> Checkpoint.open(saved))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageStartingWith(file + ": its SHA-256 is ")
                .hasMessageEndingWith(", not that of what was written");
    }

    @Test
    void a_checkpoint_that_is_cut_or_incomplete_is_refused() throws Exception {
        var saved = save(1, 12);
        var file = saved.resolve("optimizer.safetensors");
        long size = Files.size(file);
        Files.write(file, new byte[3]);
        assertThatThrownBy(() -> Checkpoint.open(saved))
                .hasMessage(file + ": 3 bytes, " + size + " were written");

        Files.delete(file);
        assertThatThrownBy(() -> Checkpoint.open(saved))
                .hasMessage(file + ": there is no such file");

        Files.delete(saved.resolve(Checkpoint.INDEX));
        assertThatThrownBy(() -> Checkpoint.open(saved))
                .hasMessage(saved.resolve(Checkpoint.INDEX) + ": there is no such file");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "\"step\":12|\"step\":-1|step: expected a number from 0.0 to 9.007199254740992E15,"
                        + " found -1",
                "\"step\":12|\"step\":null|step is missing",
                "\"rows\":4|\"rows\":0|rows: expected an integer from 1 to 2147483647, found 0",
                "\"seed\":\"-7\"|\"seed\":\"x\"|seed: expected the digits of an integer, found"
                        + " \"x\"",
                "checkpoint 1|checkpoint 2|format: expected \"tensorlink checkpoint 1\", found"
                        + " \"tensorlink checkpoint 2\"",
                "\"files\":{|\"other\":{|files: expected an object, found nothing",
                "\"config.json\":|\"no.json\":|files.config.json: expected an object, found"
                        + " nothing",
            })
    void an_index_that_is_malformed_is_refused_with_its_field(
            String written, String found, String error) throws Exception {
        var saved = save(1, 12);
        var index = saved.resolve(Checkpoint.INDEX);
        Files.writeString(index, Files.readString(index).replace(written, found));

        assertThatThrownBy(() -> Checkpoint.open(saved))
                .isInstanceOf(ModelFormatException.class)
                .hasMessage(index + ": " + error);
    }

    @Test
    void a_run_of_other_examples_does_not_go_on_from_a_checkpoint() throws Exception {
        var checkpoint = Checkpoint.open(save(1, 12));

        for (var other :
                Map.of(
                                "seed: -7, not 8",
                                new Trainer.Course(8, 4, COURSE.examples()),
                                "rows: 4, not 5",
                                new Trainer.Course(-7, 5, COURSE.examples()),
                                "examples: "
                                        + COURSE.examples()
                                        + ", not "
                                        + Digest.of(new byte[0]),
                                new Trainer.Course(-7, 4, Digest.of(new byte[0])))
                        .entrySet()) {
            assertThatThrownBy(() -> checkpoint.requireSame(other.getValue()))
                    .isInstanceOf(ModelFormatException.class)
                    .hasMessage(
                            folder.resolve("checkpoint-12") + ": a run of other " + other.getKey());
        }
    }
}
