package tensorlink.jobs;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tensorlink.compute.Architecture;
import tensorlink.compute.MicroBatch;
import tensorlink.compute.tensor.DType;
import tensorlink.compute.tensor.Shape;
import tensorlink.compute.tensor.Tensor;
import tensorlink.jobs.job.JobException;
import tensorlink.jobs.job.JobLimits;
import tensorlink.jobs.message.BatchWork;
import tensorlink.jobs.message.Command;
import tensorlink.jobs.message.LoggedStep;
import tensorlink.jobs.message.Report;
import tensorlink.jobs.message.TensorFrame;
import tensorlink.jobs.user.Pipeline;
import tensorlink.jobs.user.Session;

/**
 * The batches that are sent to the stages of a job, and what comes back of them.
 *
 * <p>Stages that have run the forwards of a batch wait, if it was sent so, until the user calls for
 * its backwards. Whatever is sent next tells them first that nobody will.
 */
final class StageTraffic {
    private final Architecture architecture;
    private final JobLimits limits;
    private long batches;
    private @Nullable OnCall onCall;

    StageTraffic(Architecture architecture, JobLimits limits) {
        this.architecture = architecture;
        this.limits = limits;
    }

    /** A batch whose backwards the stages wait for. */
    interface OnCall {
        /** The batch on its way to these stages; null where it has not been sent to them. */
        Pipeline.@Nullable Pending pendingOn(Session session);

        /** Its backwards are not waited for any longer, another batch has come. */
        void superseded();
    }

    /** How long stages may take for what they are told. */
    Duration patience() {
        return limits.batchTimeout();
    }

    /** How many batches have been sent. */
    long batches() {
        return batches;
    }

    /** The stages wait for the backwards of {@code batch}. */
    void waitFor(OnCall batch) {
        onCall = batch;
    }

    /** The backwards that were waited for are on their way. */
    void wentBack() {
        onCall = null;
    }

    Pipeline.Pending send(Session session, BatchWork work, List<MicroBatch> parts)
            throws JobException, InterruptedException {
        batches++;
        session.count(parts, work.mode().trains());
        return session.pipeline().submit(batches, work, parts);
    }

    /**
     * Tells the stages not to wait for backwards that nobody will ask for.
     *
     * @param next the batch that is sent now, if it may give gradients
     */
    void abandon(Session session, @Nullable OnCall next) throws JobException, InterruptedException {
        var open = onCall;
        if (open == null) {
            return;
        }
        var sent = open.pendingOn(session);
        if (sent != null) {
            session.tellAll(new Command.Abandon(sent.batch()));
        }
        onCall = null;
        if (!open.equals(next)) {
            open.superseded();
        }
    }

    /** Waits until every stage has done what it was told: tensors travel beside the commands. */
    void settle(Session session) throws JobException, InterruptedException {
        abandon(session, null);
        session.tellAll(link -> new Command.Settle(session.lastBatch(link)));
        session.awaitAll(
                Report.Settled.class, limits.batchTimeout(), "the stages to finish their work");
    }

    /** Has the stages go back from the gradients of a batch whose results have come. */
    void giveBack(Session session, Pipeline.Pending sent, LoggedStep.Returned batch)
            throws JobException, InterruptedException {
        session.pipeline()
                .sendGradients(
                        sent,
                        m -> {
                            var gradient =
                                    Tensor.allocate(DType.F32, resultShape(batch.parts().get(m)));
                            batch.gradients().get(m).copyTo(gradient.data().asByteBuffer());
                            return gradient;
                        });
    }

    /** The results of the micro-batches, one behind the other; the caller owns them. */
    Tensor awaitResults(Session session, Pipeline.Pending sent, List<MicroBatch> parts)
            throws JobException, InterruptedException {
        var results = new ArrayList<Tensor>();
        try {
            for (var part : parts) {
                results.add(awaitResult(session, sent, part));
            }
            return Tensor.joined(results);
        } finally {
            results.forEach(Tensor::close);
        }
    }

    Tensor awaitResult(Session session, Pipeline.Pending sent, MicroBatch part)
            throws JobException, InterruptedException {
        var result = session.pipeline().await(sent, TensorFrame.Logits.class).tensor();
        var shape = resultShape(part);
        if (result.dtype() != DType.F32 || !result.shape().equals(shape)) {
            result.close();
            throw session.links()
                    .get(session.pipeline().teller(sent, part.index()))
                    .disobeyed("it sends logits " + result + ", expected F32 " + shape);
        }
        return result;
    }

    private Shape resultShape(MicroBatch part) {
        return architecture.resultShape(part.inputs().rows(), part.inputs().length());
    }

    List<Float> awaitLosses(Session session, Pipeline.Pending sent)
            throws JobException, InterruptedException {
        var losses = new ArrayList<Float>();
        for (int m = 0; m < sent.microBatches(); m++) {
            losses.add(session.pipeline().await(sent, TensorFrame.Loss.class).value());
        }
        return List.copyOf(losses);
    }
}
