package tensorlink.jobs.message;

import org.jspecify.annotations.Nullable;
import tensorlink.compute.Sampling;
import tensorlink.jobs.job.Workload;
import tensorlink.p2p.core.ProtocolViolation;

/**
 * What is to be done with a batch. Each of its micro-batches carries it, so that a stage needs to
 * know nothing else to do its part.
 *
 * @param first the number of the first micro-batch; above 0 where replicas share the batch
 * @param microBatches how many there are from there on
 * @param fresh whether gradients accumulated before are dropped first
 * @param labelCount labels that count in the whole batch; 0 where there is no loss
 * @param afterStep optimizer steps that must have been applied before
 * @param ofStep which of the batches since then it is, from 0, for dropout to draw by
 * @param generation what is generated; set exactly for {@link Mode#GENERATE}
 */
public record BatchWork(
        Mode mode,
        int first,
        int microBatches,
        boolean fresh,
        long labelCount,
        long afterStep,
        long ofStep,
        @Nullable Generation generation) {

    /** What a batch is for. */
    public enum Mode {
        /** Loss and gradients; each backward follows as soon as it can (1F1B). */
        TRAIN(true, true),
        /** All forwards for the loss, then backwards when the user asks. */
        TRAIN_ON_CALL(true, true),
        /** All forwards for the logits, then backwards from the gradients that the user sends. */
        TRAIN_ON_GRADIENT(true, false),
        /** Loss only. */
        EVALUATE(false, true),
        /** Logits only. */
        INFER(false, false),
        /** The next token of a generation. */
        GENERATE(false, false);

        private final boolean trains;
        private final boolean compares;

        Mode(boolean trains, boolean compares) {
            this.trains = trains;
            this.compares = compares;
        }

        /** Whether backwards follow, unless the user abandons the batch. */
        public boolean trains() {
            return trains;
        }

        /** Whether the last stage is sent labels. */
        public boolean compares() {
            return compares;
        }
    }

    /**
     * A piece of one generation.
     *
     * @param session names the caches
     * @param position where the batch's first token goes; what was cached from there on is
     *     forgotten
     * @param capacity the most positions the generation may reach
     */
    public record Generation(long session, int position, int capacity, Sampling sampling) {
        public Generation {
            if (position < 0 || capacity < 1 || position >= capacity) {
                throw new IllegalArgumentException(
                        "position " + position + " of a cache for " + capacity);
            }
        }
    }

    public BatchWork {
        if (microBatches < 1) {
            throw new IllegalArgumentException("micro-batches " + microBatches);
        }
        if (first < 0 || first > Workload.MICRO_BATCHES_MAX) {
            throw new IllegalArgumentException(
                    "first micro-batch " + first + ", 0 to " + Workload.MICRO_BATCHES_MAX);
        }
        if (labelCount < 0 || afterStep < 0 || ofStep < 0) {
            throw new IllegalArgumentException(
                    "labels " + labelCount + ", batch " + ofStep + " after step " + afterStep);
        }
        if ((mode == Mode.GENERATE) != (generation != null)) {
            throw new IllegalArgumentException("mode " + mode + " and generation do not fit");
        }
    }

    /** A batch that goes to one pipeline. */
    public BatchWork(
            Mode mode,
            int microBatches,
            boolean fresh,
            long labelCount,
            long afterStep,
            long ofStep,
            @Nullable Generation generation) {
        this(mode, 0, microBatches, fresh, labelCount, afterStep, ofStep, generation);
    }

    /** The same for some of the micro-batches. */
    public BatchWork share(int firstOfShare, int count) {
        return new BatchWork(
                mode, firstOfShare, count, fresh, labelCount, afterStep, ofStep, generation);
    }

    /** Whether {@code microBatch} is among them. */
    public boolean has(int microBatch) {
        return microBatch >= first && microBatch - first < microBatches;
    }

    tensorlink.jobs.wire.BatchMessage encode() {
        var message =
                tensorlink.jobs.wire.BatchMessage.newBuilder()
                        .setMode(
                                switch (mode) {
                                    case TRAIN -> tensorlink.jobs.wire.BatchMessage.Mode.TRAIN;
                                    case TRAIN_ON_CALL ->
                                            tensorlink.jobs.wire.BatchMessage.Mode.TRAIN_ON_CALL;
                                    case TRAIN_ON_GRADIENT ->
                                            tensorlink.jobs.wire.BatchMessage.Mode
                                                    .TRAIN_ON_GRADIENT;
                                    case EVALUATE ->
                                            tensorlink.jobs.wire.BatchMessage.Mode.EVALUATE;
                                    case INFER -> tensorlink.jobs.wire.BatchMessage.Mode.INFER;
                                    case GENERATE ->
                                            tensorlink.jobs.wire.BatchMessage.Mode.GENERATE;
                                })
                        .setFirst(first)
                        .setMicroBatches(microBatches)
                        .setFresh(fresh)
                        .setLabelCount(labelCount)
                        .setAfterStep(afterStep)
                        .setOfStep(ofStep);
        if (generation != null) {
            message.setGeneration(
                    tensorlink.jobs.wire.Generation.newBuilder()
                            .setSession(generation.session)
                            .setPosition(generation.position)
                            .setCapacity(generation.capacity)
                            .setTemperature(generation.sampling.temperature())
                            .setTopK(generation.sampling.topK())
                            .setTopP(generation.sampling.topP())
                            .setSeed(generation.sampling.seed()));
        }
        return message.build();
    }

    static BatchWork decode(tensorlink.jobs.wire.BatchMessage message) throws ProtocolViolation {
        var mode =
                switch (message.getMode()) {
                    case TRAIN -> Mode.TRAIN;
                    case TRAIN_ON_CALL -> Mode.TRAIN_ON_CALL;
                    case TRAIN_ON_GRADIENT -> Mode.TRAIN_ON_GRADIENT;
                    case EVALUATE -> Mode.EVALUATE;
                    case INFER -> Mode.INFER;
                    case GENERATE -> Mode.GENERATE;
                    case UNRECOGNIZED -> throw Fields.unset("batch mode");
                };
        return Fields.read(
                "batch",
                () ->
                        new BatchWork(
                                mode,
                                message.getFirst(),
                                message.getMicroBatches(),
                                message.getFresh(),
                                message.getLabelCount(),
                                message.getAfterStep(),
                                message.getOfStep(),
                                message.hasGeneration() ? decode(message.getGeneration()) : null));
    }

    private static Generation decode(tensorlink.jobs.wire.Generation message) {
        return new Generation(
                message.getSession(),
                message.getPosition(),
                message.getCapacity(),
                new Sampling(
                        message.getTemperature(),
                        message.getTopK(),
                        message.getTopP(),
                        message.getSeed()));
    }
}
