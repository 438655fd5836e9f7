package tensorlink.jobs.training;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import tensorlink.jobs.wire.TrainingEvent;
import tensorlink.jobs.wire.TrainingSession;
import tensorlink.jobs.wire.TrainingSummary;
import tensorlink.p2p.core.Scheduler;

/**
 * Writes an event file for TensorBoard, with the tags that Hugging Face's {@code Trainer} gives:
 * {@code train/loss}, {@code eval/loss} and so on. A run that goes on writes another file, and
 * tells TensorBoard to forget what the first one had after that step.
 *
 * <p>A record is {@code length (8 bytes, little-endian) | masked CRC-32C of the length | event |
 * masked CRC-32C of the event}.
 *
 * <p>Source: tensorflow/core/lib/io/record_writer.cc and tensorflow/core/util/event.proto.
 */
public final class EventFile implements TrainerCallback, AutoCloseable {
    private static final String VERSION = "brain.Event:2";
    private static final String EVALUATION = "eval_";

    private final Path folder;
    private final Scheduler scheduler;
    private @Nullable OutputStream out;

    /** The file appears in {@code folder} when the run begins. */
    public EventFile(Path folder, Scheduler scheduler) {
        this.folder = folder;
        this.scheduler = scheduler;
    }

    @Override
    public void onTrainBegin(TrainerState state, TrainerControl control) throws IOException {
        close();
        out =
                Files.newOutputStream(
                        folder.resolve(
                                "events.out.tfevents."
                                        + scheduler.now().getEpochSecond()
                                        + ".tensorlink."
                                        + ProcessHandle.current().pid()
                                        + ".step"
                                        + state.step()),
                        StandardOpenOption.CREATE,
                        StandardOpenOption.APPEND);
        write(event(0).setFileVersion(VERSION).build());
        if (state.step() > 0) {
            write(
                    event(state.step() + 1)
                            .setSessionLog(
                                    TrainingSession.newBuilder()
                                            .setStatus(TrainingSession.Status.START))
                            .build());
        }
    }

    @Override
    public void onLog(TrainerState state, TrainerControl control, Metrics metrics)
            throws IOException {
        var summary = TrainingSummary.newBuilder();
        add(summary, "epoch", metrics.epoch());
        metrics.values().forEach((name, value) -> add(summary, name, value));
        write(event(metrics.step()).setSummary(summary).build());
    }

    private static void add(TrainingSummary.Builder summary, String name, double value) {
        summary.addValueBuilder()
                .setTag(
                        name.startsWith(EVALUATION)
                                ? "eval/" + name.substring(EVALUATION.length())
                                : "train/" + name)
                .setSimpleValue((float) value);
    }

    private TrainingEvent.Builder event(long step) {
        var now = scheduler.now();
        return TrainingEvent.newBuilder()
                .setWallTime(now.getEpochSecond() + now.getNano() / 1e9)
                .setStep(step);
    }

    private void write(TrainingEvent event) throws IOException {
        var open = out;
        if (open != null) {
            open.write(record(event.toByteArray()));
        }
    }

    static byte[] record(byte[] event) {
        var record =
                ByteBuffer.allocate(Long.BYTES + 2 * Integer.BYTES + event.length)
                        .order(ByteOrder.LITTLE_ENDIAN);
        record.putLong(event.length);
        record.putInt(maskedCrc(record.array(), Long.BYTES));
        record.put(event);
        return record.putInt(maskedCrc(event, event.length)).array();
    }

    /** Turned and shifted, so that a CRC over data with CRCs in it stays a good one. */
    private static int maskedCrc(byte[] bytes, int length) {
        var crc = new CRC32C();
        crc.update(bytes, 0, length);
        return Integer.rotateRight((int) crc.getValue(), 15) + 0xA282EAD8;
    }

    @Override
    public void close() throws IOException {
        if (out != null) {
            out.close();
            out = null;
        }
    }
}
