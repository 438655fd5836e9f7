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
    /** Tokens of any batch that a job may have, and then some. */
    public static final int BYTES_MAX = 1 << 30;

    public LoggedStep {
        batches = List.copyOf(batches);
        stages = List.copyOf(stages);
    }

    /**
     * A batch and what came of it.
     *
     * @param fresh whether gradients accumulated before were dropped first
     * @param losses one per micro-batch
     */
    public record LoggedBatch(boolean fresh, List<MicroBatch> parts, List<Float> losses) {
        public LoggedBatch {
            parts = List.copyOf(parts);
            losses = List.copyOf(losses);
            if (parts.isEmpty() || parts.size() != losses.size()) {
                throw new IllegalArgumentException(
                        losses.size() + " losses of " + parts.size() + " micro-batches");
            }
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
            message.addBatches(encode(batch));
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

    private static tensorlink.jobs.wire.LoggedBatch encode(LoggedBatch batch) {
        var message =
                tensorlink.jobs.wire.LoggedBatch.newBuilder()
                        .setFresh(batch.fresh)
                        .setLabelCount(batch.parts.getFirst().labelCount());
        for (int m = 0; m < batch.parts.size(); m++) {
            var part = batch.parts.get(m);
            message.addMicroBatches(
                    tensorlink.jobs.wire.LoggedMicroBatch.newBuilder()
                            .setRows(part.inputs().rows())
                            .addAllInputs(ids(part.inputs()))
                            .addAllInputValues(values(part.inputs()))
                            .addAllLabels(ids(part.labels()))
                            .addAllLabelValues(values(part.labels()))
                            .setLoss(batch.losses.get(m)));
        }
        return message.build();
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
            batches.add(Fields.read("logged batch", () -> decode(batch)));
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

    private static LoggedBatch decode(tensorlink.jobs.wire.LoggedBatch batch) {
        var parts = new ArrayList<MicroBatch>();
        var losses = new ArrayList<Float>();
        for (var part : batch.getMicroBatchesList()) {
            parts.add(
                    new MicroBatch(
                            parts.size(),
                            rows(part.getRows(), part.getInputsList(), part.getInputValuesList()),
                            rows(part.getRows(), part.getLabelsList(), part.getLabelValuesList()),
                            batch.getLabelCount()));
            losses.add(part.getLoss());
        }
        return new LoggedBatch(batch.getFresh(), parts, losses);
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
        if (rows < 1 || ids.size() % rows != 0) {
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
