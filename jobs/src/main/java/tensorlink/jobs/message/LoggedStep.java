package tensorlink.jobs.message;

import com.google.protobuf.ByteString;
import java.util.ArrayList;
import java.util.List;
import tensorlink.compute.Digest;
import tensorlink.compute.LayerRange;
import tensorlink.compute.MicroBatch;
import tensorlink.compute.Rows;
import tensorlink.compute.Tokens;
import tensorlink.compute.Values;
import tensorlink.p2p.core.ProtocolViolation;

/**
 * All that is needed to do a step again, and to see that it came out the same.
 *
 * @param commit its number and its rule
 * @param batches whose gradients came since the step before, in order
 * @param stages what each stage prepared, in order
 */
public record LoggedStep(Command.Commit commit, List<LoggedBatch> batches, List<Outcome> stages) {
    /** Tokens of any batch that a job may have, gradients, and then some. */
    public static final int BYTES_MAX = 1 << 30;

    /** Gradients that a user may return between two steps, in bytes. */
    public static final long GRADIENT_BYTES_MAX = 1 << 29;

    public LoggedStep {
        batches = List.copyOf(batches);
        stages = List.copyOf(stages);
    }

    /** A batch and what came of it. */
    public sealed interface LoggedBatch {

        /** Whether gradients accumulated before were dropped first. */
        boolean fresh();

        /** {@link BatchWork#ofStep}. */
        long ofStep();

        List<MicroBatch> parts();
    }

    /**
     * A batch that the last stage compared with labels.
     *
     * @param losses one per micro-batch
     */
    public record Compared(boolean fresh, long ofStep, List<MicroBatch> parts, List<Float> losses)
            implements LoggedBatch {
        public Compared {
            parts = List.copyOf(parts);
            losses = List.copyOf(losses);
            if (parts.isEmpty() || parts.size() != losses.size()) {
                throw new IllegalArgumentException(
                        losses.size() + " losses of " + parts.size() + " micro-batches");
            }
        }
    }

    /**
     * A batch whose loss the user computed.
     *
     * @param gradients those of the last stage's results, one per micro-batch: F32, little-endian
     */
    public record Returned(
            boolean fresh, long ofStep, List<MicroBatch> parts, List<ByteString> gradients)
            implements LoggedBatch {
        public Returned {
            parts = List.copyOf(parts);
            gradients = List.copyOf(gradients);
            if (parts.isEmpty() || parts.size() != gradients.size()) {
                throw new IllegalArgumentException(
                        gradients.size() + " gradients of " + parts.size() + " micro-batches");
            }
        }

        /** How many bytes of gradients there are. */
        public long bytes() {
            long bytes = 0;
            for (var gradient : gradients) {
                bytes += gradient.size();
            }
            return bytes;
        }
    }

    /**
     * What a stage prepared.
     *
     * @param profile the id of the execution profile it computed under
     */
    public record Outcome(LayerRange layers, String profile, Digest gradients) {}

    public long step() {
        return commit.step();
    }

    /** The form in which it is kept. */
    public ByteString encode() {
        var message =
                tensorlink.jobs.wire.LoggedStep.newBuilder()
                        .setVersion(Fields.VERSION)
                        .setCommit(commit.encode());
        for (var batch : batches) {
            message.addBatches(
                    switch (batch) {
                        case Compared compared -> encode(compared);
                        case Returned returned -> encode(returned);
                    });
        }
        for (var stage : stages) {
            message.addStages(
                    tensorlink.jobs.wire.LoggedStage.newBuilder()
                            .setFirstLayer(stage.layers.first())
                            .setEndLayer(stage.layers.end())
                            .setProfile(stage.profile)
                            .setGradients(Fields.bytes(stage.gradients)));
        }
        return message.build().toByteString();
    }

    private static tensorlink.jobs.wire.LoggedBatch encode(Compared batch) {
        var message =
                tensorlink.jobs.wire.LoggedBatch.newBuilder()
                        .setFresh(batch.fresh)
                        .setOfStep(batch.ofStep)
                        .setLabelCount(batch.parts.getFirst().labelCount());
        for (int m = 0; m < batch.parts.size(); m++) {
            var part = batch.parts.get(m);
            message.addMicroBatches(
                    inputs(part)
                            .addAllLabels(ids(part.labels()))
                            .addAllLabelValues(values(part.labels()))
                            .setLoss(batch.losses.get(m)));
        }
        return message.build();
    }

    private static tensorlink.jobs.wire.LoggedBatch encode(Returned batch) {
        var message =
                tensorlink.jobs.wire.LoggedBatch.newBuilder()
                        .setFresh(batch.fresh)
                        .setOfStep(batch.ofStep)
                        .setReturned(true);
        for (int m = 0; m < batch.parts.size(); m++) {
            message.addMicroBatches(inputs(batch.parts.get(m)).setGradient(batch.gradients.get(m)));
        }
        return message.build();
    }

    private static tensorlink.jobs.wire.LoggedMicroBatch.Builder inputs(MicroBatch part) {
        return tensorlink.jobs.wire.LoggedMicroBatch.newBuilder()
                .setRows(part.inputs().rows())
                .addAllInputs(ids(part.inputs()))
                .addAllInputValues(values(part.inputs()));
    }

    private static List<Long> ids(Rows rows) {
        var ids = new ArrayList<Long>();
        if (!(rows instanceof Tokens tokens)) {
            return ids;
        }
        for (int row = 0; row < tokens.rows(); row++) {
            for (int position = 0; position < tokens.length(); position++) {
                ids.add(tokens.at(row, position));
            }
        }
        return ids;
    }

    private static List<Float> values(Rows rows) {
        var numbers = new ArrayList<Float>();
        if (rows instanceof Values values) {
            for (int row = 0; row < values.rows(); row++) {
                for (int i = 0; i < values.width(); i++) {
                    numbers.add(values.at(row, i));
                }
            }
        }
        return numbers;
    }

    /** Reads what {@link #encode} wrote. */
    public static LoggedStep decode(ByteString bytes) throws ProtocolViolation {
        var message = Fields.parse("logged step", tensorlink.jobs.wire.LoggedStep.parser(), bytes);
        Fields.requireVersion("logged step", message.getVersion());
        if (!(Command.decode(message.getCommit()) instanceof Command.Commit commit)) {
            throw new ProtocolViolation("logged step: it has no commit");
        }
        var batches = new ArrayList<LoggedBatch>();
        for (var batch : message.getBatchesList()) {
            batches.add(
                    Fields.read(
                            "logged batch",
                            () -> batch.getReturned() ? returned(batch) : compared(batch)));
        }
        var stages = new ArrayList<Outcome>();
        for (var stage : message.getStagesList()) {
            stages.add(
                    new Outcome(
                            Fields.layers(stage.getFirstLayer(), stage.getEndLayer()),
                            stage.getProfile(),
                            Fields.digest("gradients", stage.getGradients())));
        }
        return new LoggedStep(commit, batches, stages);
    }

    private static Compared compared(tensorlink.jobs.wire.LoggedBatch batch) {
        var parts = new ArrayList<MicroBatch>();
        var losses = new ArrayList<Float>();
        for (var part : batch.getMicroBatchesList()) {
            parts.add(
                    new MicroBatch(
                            parts.size(),
                            inputs(part),
                            rows(part.getRows(), part.getLabelsList(), part.getLabelValuesList()),
                            batch.getLabelCount()));
            losses.add(part.getLoss());
        }
        return new Compared(batch.getFresh(), batch.getOfStep(), parts, losses);
    }

    private static Returned returned(tensorlink.jobs.wire.LoggedBatch batch) {
        var parts = new ArrayList<MicroBatch>();
        var gradients = new ArrayList<ByteString>();
        for (var part : batch.getMicroBatchesList()) {
            var inputs = inputs(part);
            parts.add(new MicroBatch(parts.size(), inputs, inputs, 0));
            gradients.add(part.getGradient());
        }
        return new Returned(batch.getFresh(), batch.getOfStep(), parts, gradients);
    }

    private static Rows inputs(tensorlink.jobs.wire.LoggedMicroBatch part) {
        return rows(part.getRows(), part.getInputsList(), part.getInputValuesList());
    }

    private static Rows rows(int rows, List<Long> ids, List<Float> values) {
        return values.isEmpty() ? tokens(rows, ids) : values(rows, values);
    }

    private static Values values(int rows, List<Float> numbers) {
        if (rows < 1 || numbers.size() % rows != 0) {
            throw new IllegalArgumentException(numbers.size() + " values in " + rows + " rows");
        }
        var all = new float[numbers.size()];
        for (int i = 0; i < all.length; i++) {
            all[i] = numbers.get(i);
        }
        return Values.of(all.length / rows, all);
    }

    private static Tokens tokens(int rows, List<Long> ids) {
        if (rows < 1 || ids.isEmpty() || ids.size() % rows != 0) {
            throw new IllegalArgumentException(ids.size() + " tokens in " + rows + " rows");
        }
        int length = ids.size() / rows;
        var cut = new long[rows][length];
        for (int i = 0; i < ids.size(); i++) {
            cut[i / length][i % length] = ids.get(i);
        }
        return Tokens.of(cut);
    }
}
