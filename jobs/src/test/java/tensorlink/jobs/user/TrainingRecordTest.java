package tensorlink.jobs.user;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tensorlink.compute.Batch;
import tensorlink.compute.Digest;
import tensorlink.compute.LayerRange;
import tensorlink.compute.MicroBatch;
import tensorlink.compute.Tokens;
import tensorlink.compute.optim.AdamW;
import tensorlink.compute.optim.Update;
import tensorlink.compute.tensor.DType;
import tensorlink.compute.tensor.Shape;
import tensorlink.compute.tensor.TensorSpec;
import tensorlink.jobs.message.Command;
import tensorlink.jobs.message.LoggedStep;
import tensorlink.jobs.message.Manifest;

/** What a user keeps of a training, through crashes at any byte. */
class TrainingRecordTest {
    private static final Digest MODEL = Digest.of(new byte[] {1});
    private static final byte[] BYTES = {1, 2, 3, 4, 5, 6, 7, 8};

    @TempDir private Path folder;

    private TrainingRecord open() throws IOException {
        return TrainingRecord.open(folder, MODEL);
    }

    private static LoggedStep step(long number) {
        var batch = Batch.of(Tokens.of(new long[] {number, 2, 3}, new long[] {-100, 5, 6}));
        return new LoggedStep(
                new Command.Commit(number, new Update(AdamW.lr(0.1 * number), 0.5f)),
                List.of(new LoggedStep.Compared(true, 1, batch.split(2), List.of(1.5f, 0f))),
                List.of(
                        new LoggedStep.Outcome(
                                new LayerRange(0, 2), "profile", Digest.of(new byte[] {9}))));
    }

    private static void keep(TrainingRecord record) throws Exception {
        var spec = new TensorSpec("a", DType.F32, Shape.of(2));
        var manifest = new Manifest(List.of(new Manifest.Entry(spec, Digest.of(BYTES))));
        record.keep(
                manifest,
                (_, offset, target) ->
                        MemorySegment.copy(
                                BYTES,
                                (int) offset,
                                target,
                                ValueLayout.JAVA_BYTE,
                                0,
                                (int) target.byteSize()));
    }

    private static List<LoggedStep> replayed(TrainingRecord record) throws Exception {
        var steps = new ArrayList<LoggedStep>();
        record.replay(steps::add);
        return steps;
    }

    @Test
    void the_steps_since_the_checkpoint_are_there_again() throws Exception {
        try (var record = open()) {
            record.commit(step(1));
            record.commit(step(2));
            keep(record);
            record.commit(step(3));
        }

        try (var again = open()) {
            assertThat(again.step()).isEqualTo(3);
            assertThat(again.checkpointStep()).isEqualTo(2);
            assertThat(replayed(again)).containsExactly(step(3));
            var read = MemorySegment.ofArray(new byte[4]);
            again.checkpoint().orElseThrow().read("a", 4, read);
            assertThat(read.toArray(ValueLayout.JAVA_BYTE))
                    .isEqualTo(Arrays.copyOfRange(BYTES, 4, 8));
        }
        assertThat(TrainingRecord.stepsIn(folder)).isEqualTo(3);
    }

    @Test
    void gradients_that_the_user_returned_are_there_again() throws Exception {
        var inputs = Tokens.of(new long[] {1, 2, 3}, new long[] {4, 5, 6});
        var returned =
                new LoggedStep.Returned(
                        true,
                        0,
                        MicroBatch.split(inputs, 2),
                        List.of(ByteString.copyFrom(BYTES), ByteString.copyFrom(new byte[8])));
        var logged = new LoggedStep(step(1).commit(), List.of(returned), step(1).stages());
        try (var record = open()) {
            record.commit(logged);
        }

        try (var again = open()) {
            assertThat(replayed(again)).containsExactly(logged);
        }
        assertThat(returned.bytes()).isEqualTo(16);
    }

    @Test
    void an_interrupt_neither_undoes_a_step_nor_keeps_the_next_from_counting() throws Exception {
        try (var record = open()) {
            Thread.currentThread().interrupt();
            record.commit(step(1));
            boolean stillInterrupted = Thread.interrupted();

            record.commit(step(2));

            assertThat(stillInterrupted).isTrue();
        }
        try (var record = open()) {
            assertThat(record.step()).isEqualTo(2);
        }
    }

    @Test
    void a_step_that_was_logged_and_does_not_count_is_dropped() throws Exception {
        try (var record = open()) {
            record.commit(step(1));
        }
        try (var log = StepLog.open(folder.resolve("steps-0"), 0, 1)) {
            log.append(step(2));
        }

        try (var again = open()) {
            assertThat(replayed(again)).containsExactly(step(1));
            again.commit(step(2));
            assertThat(replayed(again)).containsExactly(step(1), step(2));
        }
    }

    @Test
    void a_log_cut_short_anywhere_is_whole_or_refused() throws Exception {
        try (var record = open()) {
            record.commit(step(1));
        }
        var file = folder.resolve("steps-0");
        var whole = Files.readAllBytes(file);

        for (int length = 0; length < whole.length; length++) {
            Files.write(file, Arrays.copyOf(whole, length));

            assertThatThrownBy(this::open)
                    .as("cut at " + length)
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("ends with step 0, and 1 steps count");
        }
    }

    @Test
    void a_changed_byte_of_the_log_is_noticed() throws Exception {
        try (var record = open()) {
            record.commit(step(1));
        }
        var file = folder.resolve("steps-0");
        var bytes = Files.readAllBytes(file);
        bytes[bytes.length - 1] ^= 1;
        Files.write(file, bytes);

        assertThatThrownBy(this::open)
                .isInstanceOf(IOException.class)
                .hasMessageContaining("damaged at byte 0");
    }

    @Test
    void a_checkpoint_whose_bytes_are_not_those_announced_does_not_appear() throws Exception {
        try (var record = open()) {
            record.commit(step(1));
            var spec = new TensorSpec("a", DType.F32, Shape.of(2));
            var manifest = new Manifest(List.of(new Manifest.Entry(spec, Digest.of(BYTES))));

            assertThatThrownBy(() -> record.keep(manifest, (_, _, target) -> target.fill((byte) 9)))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("announced was");
            assertThat(record.checkpointStep()).isZero();
            assertThat(replayed(record)).containsExactly(step(1));
        }

        assertThat(folder.resolve("checkpoint-1")).doesNotExist();
    }

    @Test
    void a_checkpoint_that_a_crash_left_half_written_is_removed() throws Exception {
        try (var record = open()) {
            record.commit(step(1));
        }
        Files.createDirectories(folder.resolve("checkpoint-1.new"));
        Files.write(folder.resolve("checkpoint-1.new").resolve("tensors"), BYTES);

        try (var again = open()) {
            assertThat(again.checkpointStep()).isZero();
            keep(again);
            assertThat(again.checkpointStep()).isEqualTo(1);
        }
        assertThat(folder.resolve("checkpoint-1.new")).doesNotExist();
        assertThat(folder.resolve("steps-0")).doesNotExist();
    }

    @Test
    void a_checkpoint_with_a_changed_manifest_or_missing_bytes_is_refused() throws Exception {
        try (var record = open()) {
            record.commit(step(1));
            keep(record);
        }
        var tensors = folder.resolve("checkpoint-1").resolve("tensors");
        Files.write(tensors, new byte[] {1}, StandardOpenOption.APPEND);
        assertThatThrownBy(this::open)
                .isInstanceOf(IOException.class)
                .hasMessageContaining("9 bytes, expected 8");

        var manifest = folder.resolve("checkpoint-1").resolve("manifest");
        var bytes = Files.readAllBytes(manifest);
        bytes[40] ^= 1;
        Files.write(manifest, bytes);
        assertThatThrownBy(this::open)
                .isInstanceOf(IOException.class)
                .hasMessageContaining("is damaged");
    }

    @Test
    void another_models_training_is_not_continued() throws Exception {
        open().close();

        assertThatThrownBy(() -> TrainingRecord.open(folder, Digest.of(new byte[] {2})))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("holds the training of another model");
        assertThat(TrainingRecord.stepsIn(folder)).isZero();
    }

    @Test
    void what_is_forgotten_leaves_the_commits() throws Exception {
        var record = open();
        record.commit(step(1));
        keep(record);

        record.forget();

        try (var files = Files.list(folder)) {
            assertThat(files.map(file -> file.getFileName().toString())).containsExactly("commits");
        }
    }
}
