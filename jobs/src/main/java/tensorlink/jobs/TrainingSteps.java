package tensorlink.jobs;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tensorlink.compute.MicroBatch;
import tensorlink.compute.PreparedStep;
import tensorlink.compute.optim.Optimizer;
import tensorlink.compute.optim.Update;
import tensorlink.compute.tensor.Tensor;
import tensorlink.jobs.job.Grid;
import tensorlink.jobs.job.JobException;
import tensorlink.jobs.job.Problem;
import tensorlink.jobs.job.ProblemCode;
import tensorlink.jobs.message.BatchWork;
import tensorlink.jobs.message.Command;
import tensorlink.jobs.message.LoggedStep;
import tensorlink.jobs.message.Report;
import tensorlink.jobs.message.StageTimes;
import tensorlink.jobs.user.Pipeline;
import tensorlink.jobs.user.Session;
import tensorlink.jobs.user.TrainingRecord;
import tensorlink.jobs.user.WorkerLink;

/**
 * The steps of a training: the batches whose gradients are being accumulated, the commit of a step,
 * and all that it takes to do both again on other stages. For one thread at a time, but for {@link
 * #standing}.
 */
final class TrainingSteps {
    private final TrainingRecord record;
    private final JobOptions options;
    private final JobListener listener;
    private final StageTraffic traffic;
    private final RemoteState state;
    private final Recovery recovery;

    /** The batches that have given gradients since the last step, beginning with a fresh one. */
    private final List<OpenBatch> accumulated = new ArrayList<>();

    private boolean fresh = true;
    private boolean stepable;

    /** Whether the stages are at steps before the last. */
    private boolean replaying;

    /** Whether stages may have gradients of batches that another process has sent. */
    private boolean strangeGradients;

    /** Whether a batch since the last step has begun with fresh gradients. */
    private boolean begunFresh;

    /** The last step's, which a stage that was cut off may not have heard. */
    private Command.@Nullable Commit lastCommit;

    /** How many batches have been begun since the last step. */
    private long begun;

    private long nextCheckpoint;
    private double gradientNorm;
    private volatile Standing standing;

    TrainingSteps(
            TrainingRecord record,
            JobOptions options,
            JobListener listener,
            StageTraffic traffic,
            RemoteState state,
            Recovery recovery) {
        this.record = record;
        this.options = options;
        this.listener = listener;
        this.traffic = traffic;
        this.state = state;
        this.recovery = recovery;
        this.nextCheckpoint = record.checkpointStep() + options.checkpointEvery();
        this.standing = Standing.of(recovery.session());
    }

    /** The stages at work now, and what they have said of their time. */
    record Standing(Session session, List<StageTimes> times) {
        static Standing of(Session session) {
            return new Standing(
                    session, session.links().stream().map(_ -> StageTimes.none()).toList());
        }
    }

    Standing standing() {
        return standing;
    }

    /** The stages are where the training that is kept has come to. */
    void begin() {
        fresh = record.step() == record.checkpointStep(); // else gradients are there
    }

    /** How many count. */
    long count() {
        return record.step();
    }

    /** The loss of micro-batches, computed when it is asked for. */
    Loss loss(List<MicroBatch> parts, boolean withGradients) {
        return new BatchLoss(parts, withGradients);
    }

    /** What the model gives for micro-batches, computed now. */
    Outputs outputs(List<MicroBatch> parts, boolean withGradients)
            throws JobException, InterruptedException {
        return new BatchOutputs(parts, withGradients);
    }

    /** Drops the gradients accumulated so far, when the next batch comes. */
    void zeroGrad() {
        fresh = true;
        stepable = false;
    }

    /** Returns the norm of the gradients before it was limited to {@code maxNorm}. */
    double step(Optimizer rule, double maxNorm) throws IOException, InterruptedException {
        if (!stepable) {
            throw new IllegalStateException("no gradients: call backward on a loss first");
        }
        var prepared = recovery.surviving(session -> prepare(session, rule, maxNorm));
        record.commit(prepared);
        lastCommit = prepared.commit();
        accumulated.clear();
        begun = 0;
        begunFresh = false;
        recovery.surviving(session -> {
            session.tellAll(prepared.commit()); // a stage that has applied it does nothing
            return prepared;
        });
        return gradientNorm;
    }

    /** Has all stages fix the gradients of a step, and notes all that is needed to do it again. */
    private LoggedStep prepare(Session session, Optimizer rule, double maxNorm)
            throws JobException, InterruptedException {
        long step = record.step() + 1;
        traffic.abandon(session, null);
        tellPrepare(session, step);
        var logged = new ArrayList<LoggedStep.LoggedBatch>();
        for (var batch : accumulated) {
            logged.add(batch.logged(session));
        }
        var outcomes = awaitPrepared(session, step);
        var update = Update.clipped(rule, gradientNorm, maxNorm);
        return new LoggedStep(new Command.Commit(step, update), logged, outcomes);
    }

    private static void tellPrepare(Session session, long step)
            throws JobException, InterruptedException {
        session.tellAll(link -> new Command.Prepare(step, session.lastBatch(link)));
    }

    private List<LoggedStep.Outcome> awaitPrepared(Session session, long step)
            throws JobException, InterruptedException {
        var prepared =
                session.awaitAll(
                        Report.Prepared.class,
                        traffic.patience(),
                        "step " + step + " to be prepared");
        var profiles = recovery.current().profiles();
        var grid = session.route().grid();
        var outcomes = new ArrayList<LoggedStep.Outcome>();
        var told = new ArrayList<StageTimes>();
        var gradients = new ArrayList<PreparedStep>();
        for (var link : session.links()) {
            var report = prepared.get(link.stage());
            if (report.step() != step) {
                throw link.disobeyed("it prepared step " + report.step() + ", not " + step);
            }
            var ofFirst = prepared.get(grid.stage(link.stage())).prepared();
            if (!report.prepared().equals(ofFirst)) {
                throw differs(link, grid, step);
            }
            outcomes.add(
                    new LoggedStep.Outcome(
                            link.plan().layers(),
                            profiles.get(link.stage()),
                            report.prepared().gradients()));
            told.add(report.times());
            if (grid.replica(link.stage()) == 0) {
                gradients.add(report.prepared());
            }
        }
        gradientNorm = PreparedStep.norm(gradients);
        standing = new Standing(session, List.copyOf(told));
        return outcomes;
    }

    /** Replicas of a stage begin with the same bits, and apply the same. */
    private static JobException differs(WorkerLink link, Grid grid, long step) {
        var problem =
                new Problem(
                        ProblemCode.COMPUTE,
                        "replicas of stage " + grid.stage(link.stage()) + " differ",
                        "worker "
                                + link.plan().worker().id()
                                + ", "
                                + grid.name(link.stage())
                                + ", has other gradients in step "
                                + step
                                + " than the first replica",
                        "one of them does not compute right; ask for the job on others");
        link.accuse(problem);
        return new JobException(problem);
    }

    /** Gradients that were begun by a lost process are dropped, or the stages begin anew. */
    private void requireOwnGradients(Session session) throws JobException {
        if (strangeGradients && !fresh) {
            var problem =
                    new Problem(
                            ProblemCode.ENDED,
                            "the stages are begun anew",
                            "their gradients are to be added to, and may have those of a batch that"
                                    + " a lost process has sent",
                            "call zeroGrad before the first batch");
            session.fail(problem);
            throw new JobException(problem);
        }
        strangeGradients = false;
    }

    /** A batch whose gradients may come, or have come. */
    private abstract sealed class OpenBatch implements StageTraffic.OnCall
            permits BatchLoss, BatchOutputs {
        final List<MicroBatch> parts;
        final boolean withGradients;
        private @Nullable Session sentTo;
        private Pipeline.@Nullable Pending pending;
        private boolean started;
        private boolean startedFresh;
        private boolean backwardCalled;
        private boolean superseded;

        /** Which of the step's batches it is; negative until it is sent. */
        private long ofStep = -1;

        OpenBatch(List<MicroBatch> parts, boolean withGradients) {
            this.parts = parts;
            this.withGradients = withGradients;
        }

        /** What is needed to do it again, once its backward has been called. */
        abstract LoggedStep.LoggedBatch logged(Session session)
                throws JobException, InterruptedException;

        /** Gives its gradients to stages that have not seen it. */
        abstract void replay(Session session) throws JobException, InterruptedException;

        final boolean startedFresh() {
            return startedFresh;
        }

        final long ofStep() {
            return ofStep;
        }

        final void requireBackward() {
            if (!withGradients) {
                throw new IllegalStateException(
                        "the model was in evaluation when this batch began");
            }
            if (backwardCalled) {
                throw new IllegalStateException("backward was called before");
            }
            if (superseded) {
                throw new IllegalStateException("another batch has come since; call forward again");
            }
        }

        /** Its backward is on its way: a step can be made. */
        final void accumulate() {
            backwardCalled = true;
            stepable = true;
            if (startedFresh) {
                accumulated.clear(); // their gradients were dropped
            }
            accumulated.add(this);
        }

        @Override
        public final Pipeline.@Nullable Pending pendingOn(Session session) {
            return sentTo == session ? pending : null;
        }

        @Override
        public final void superseded() {
            superseded = true;
            fresh |= startedFresh; // it has dropped older gradients, and added none
        }

        /** The batch on its way, if its gradients go to where they should now be added. */
        final Pipeline.@Nullable Pending forwarded(Session session) {
            if (!fresh || startedFresh) {
                return pendingOn(session);
            }
            // zeroGrad came after this batch's forwards, which kept older gradients.
            started = false;
            return null;
        }

        /** The stages will not wait for its backwards any longer. */
        final void goneBack() {
            traffic.wentBack();
            fresh = false;
        }

        final Pipeline.Pending submit(Session session, BatchWork.Mode mode)
                throws JobException, InterruptedException {
            traffic.abandon(session, this);
            if (withGradients && !started) {
                requireOwnGradients(session);
            }
            if (withGradients && ofStep < 0) {
                ofStep = begun++;
            }
            if (withGradients && !started) {
                started = true;
                startedFresh = fresh;
                begunFresh |= fresh;
                fresh = false;
            }
            if (withGradients && startedFresh && record.step() >= nextCheckpoint) {
                checkpoint(session);
            }
            return send(session, mode);
        }

        final Pipeline.Pending send(Session session, BatchWork.Mode mode)
                throws JobException, InterruptedException {
            var work =
                    new BatchWork(
                            mode,
                            parts.size(),
                            withGradients && startedFresh,
                            parts.getFirst().labelCount(),
                            record.step(),
                            Math.max(0, ofStep),
                            null);
            var sent = traffic.send(session, work, parts);
            sentTo = session;
            pending = sent;
            return sent;
        }
    }

    /** A loss that has not been asked for, or has. */
    private final class BatchLoss extends OpenBatch implements Loss {
        private @Nullable List<Float> losses;

        BatchLoss(List<MicroBatch> parts, boolean withGradients) {
            super(parts, withGradients);
        }

        @Override
        public float value() throws JobException, InterruptedException {
            float sum = 0;
            for (float part : recovery.surviving(this::await)) {
                sum += part;
            }
            return sum;
        }

        @Override
        public void backward() throws JobException, InterruptedException {
            requireBackward();
            recovery.surviving(session -> {
                callBackwards(session);
                return this;
            });
            accumulate();
        }

        private void callBackwards(Session session) throws JobException, InterruptedException {
            var sent = forwarded(session);
            if (sent == null) {
                submit(session, BatchWork.Mode.TRAIN);
            } else {
                session.pipeline().callBackwards(sent);
                goneBack();
            }
        }

        /** The losses of the micro-batches. */
        private List<Float> await(Session session) throws JobException, InterruptedException {
            if (losses == null) {
                var sent = pendingOn(session);
                if (sent == null && withGradients) {
                    sent = submit(session, BatchWork.Mode.TRAIN_ON_CALL);
                    traffic.waitFor(this);
                } else if (sent == null) {
                    sent = submit(session, BatchWork.Mode.EVALUATE);
                }
                losses = traffic.awaitLosses(session, sent);
            }
            return losses;
        }

        @Override
        LoggedStep.Compared logged(Session session) throws JobException, InterruptedException {
            return new LoggedStep.Compared(startedFresh(), ofStep(), parts, await(session));
        }

        @Override
        void replay(Session session) throws JobException, InterruptedException {
            var sent = send(session, BatchWork.Mode.TRAIN);
            var before = losses;
            if (before != null) {
                requireSame(
                        "losses of the batch at hand", before, traffic.awaitLosses(session, sent));
            }
        }
    }

    /** Outputs whose gradient has not been given, or has. */
    private final class BatchOutputs extends OpenBatch implements Outputs {
        private final Tensor outputs;
        private List<ByteString> gradients = List.of();

        BatchOutputs(List<MicroBatch> parts, boolean withGradients)
                throws JobException, InterruptedException {
            super(parts, withGradients);
            this.outputs = recovery.surviving(this::compute);
        }

        private Tensor compute(Session session) throws JobException, InterruptedException {
            if (!withGradients) {
                return traffic.awaitResults(session, submit(session, BatchWork.Mode.INFER), parts);
            }
            var sent = submit(session, BatchWork.Mode.TRAIN_ON_GRADIENT);
            traffic.waitFor(this);
            return traffic.awaitResults(session, sent, parts);
        }

        @Override
        public Tensor tensor() {
            return outputs;
        }

        @Override
        public void backward(Tensor gradient) throws JobException, InterruptedException {
            requireBackward();
            requireGradient(gradient, outputs);
            requireRoomFor(gradient, fresh || startedFresh());
            gradients = cut(gradient, parts);
            recovery.surviving(session -> {
                sendGradients(session);
                return this;
            });
            accumulate();
        }

        private void sendGradients(Session session) throws JobException, InterruptedException {
            var sent = forwarded(session);
            if (sent == null) {
                sent = submit(session, BatchWork.Mode.TRAIN_ON_GRADIENT);
                traffic.awaitResults(session, sent, parts).close(); // as they were
            }
            traffic.giveBack(session, sent, returned());
            goneBack();
        }

        private LoggedStep.Returned returned() {
            return new LoggedStep.Returned(startedFresh(), ofStep(), parts, gradients);
        }

        @Override
        LoggedStep.Returned logged(Session session) {
            return returned();
        }

        @Override
        void replay(Session session) throws JobException, InterruptedException {
            var sent = send(session, BatchWork.Mode.TRAIN_ON_GRADIENT);
            traffic.awaitResults(session, sent, parts).close();
            traffic.giveBack(session, sent, returned());
        }

        @Override
        public void close() {
            outputs.close();
        }
    }

    private static void requireGradient(Tensor gradient, Tensor outputs) {
        if (gradient.dtype() != outputs.dtype() || !gradient.shape().equals(outputs.shape())) {
            throw new IllegalArgumentException("gradient " + gradient + ", expected " + outputs);
        }
        for (long i = 0; i < gradient.elements(); i++) {
            if (!Float.isFinite(gradient.floatAt(i))) {
                throw new IllegalArgumentException(
                        "gradient " + gradient + ": " + gradient.floatAt(i) + " at element " + i);
            }
        }
    }

    /**
     * @param first whether gradients accumulated before are dropped
     */
    private void requireRoomFor(Tensor gradient, boolean first) throws JobException {
        long bytes = gradient.data().byteSize();
        for (var batch : accumulated) {
            if (!first && batch instanceof BatchOutputs outputs) {
                bytes += outputs.returned().bytes();
            }
        }
        if (bytes > LoggedStep.GRADIENT_BYTES_MAX) {
            throw new JobException(
                    ProblemCode.TOO_LARGE,
                    "gradient not sent",
                    bytes
                            + " bytes of gradients in one step, limit "
                            + LoggedStep.GRADIENT_BYTES_MAX,
                    "take fewer rows a step, or have the last stage compute the loss");
        }
    }

    /** The bytes of each micro-batch's rows. */
    private static List<ByteString> cut(Tensor gradient, List<MicroBatch> parts) {
        long rowBytes = gradient.data().byteSize() / gradient.shape().axis(0);
        var cut = new ArrayList<ByteString>();
        long at = 0;
        for (var part : parts) {
            long bytes = part.inputs().rows() * rowBytes;
            cut.add(ByteString.copyFrom(gradient.data().asSlice(at, bytes).asByteBuffer()));
            at += bytes;
        }
        return cut;
    }

    /** Does on stages that begin at the last checkpoint what was done since. */
    long replay(Recovery.Started started) throws IOException, InterruptedException {
        var session = started.session();
        standing = Standing.of(session);
        long before = record.checkpointStep();
        replaying = true; // until it has come through
        lastCommit = null;
        strangeGradients = false;
        record.replay(logged -> redo(started, logged));
        replaying = false;
        for (var batch : accumulated) {
            batch.replay(session);
        }
        return record.step() - before;
    }

    /**
     * Whether all that gradients are made of since the last step can be sent again: not where they
     * are added to those of the steps before.
     */
    boolean resumable() {
        return !replaying && (fresh || begun == 0 || begunFresh);
    }

    /** Goes on with stages that were held when another process of the user was lost. */
    void takeUp(Recovery.Started held) throws IOException, InterruptedException {
        record.replay(logged -> lastCommit = logged.commit());
        strangeGradients = true;
        resume(held);
    }

    /** Goes on with stages that were cut off, with their state as it was after their last step. */
    void resume(Recovery.Started started) throws JobException, InterruptedException {
        var session = started.session();
        standing = Standing.of(session);
        var commit = lastCommit;
        for (var link : session.links()) {
            boolean unheard = commit != null && link.step() == commit.step() - 1;
            if (link.step() != record.step() && !unheard) {
                throw link.disobeyed("it is at step " + link.step() + ", not " + record.step());
            }
        }
        if (commit != null) {
            session.tellAll(commit);
        }
        for (var batch : accumulated) {
            batch.replay(session);
        }
    }

    private void redo(Recovery.Started started, LoggedStep logged)
            throws JobException, InterruptedException {
        var session = started.session();
        for (var batch : logged.batches()) {
            switch (batch) {
                case LoggedStep.Compared compared -> {
                    var sent = sendAgain(session, BatchWork.Mode.TRAIN, compared, logged);
                    var losses = traffic.awaitLosses(session, sent);
                    if (computesAsThen(started, logged)) {
                        requireSame("losses of step " + logged.step(), compared.losses(), losses);
                    }
                }
                case LoggedStep.Returned returned -> {
                    var mode = BatchWork.Mode.TRAIN_ON_GRADIENT;
                    var sent = sendAgain(session, mode, returned, logged);
                    traffic.awaitResults(session, sent, returned.parts()).close();
                    traffic.giveBack(session, sent, returned);
                }
            }
        }
        tellPrepare(session, logged.step());
        for (var now : awaitPrepared(session, logged.step())) {
            for (var then : logged.stages()) {
                if (then.layers().equals(now.layers()) && then.profile().equals(now.profile())) {
                    requireSame(
                            "gradients of " + now.layers() + " in step " + logged.step(),
                            then.gradients(),
                            now.gradients());
                }
            }
        }
        session.tellAll(logged.commit());
        lastCommit = logged.commit();
    }

    private Pipeline.Pending sendAgain(
            Session session, BatchWork.Mode mode, LoggedStep.LoggedBatch batch, LoggedStep step)
            throws JobException, InterruptedException {
        var work =
                new BatchWork(
                        mode,
                        batch.parts().size(),
                        batch.fresh(),
                        batch.parts().getFirst().labelCount(),
                        step.step() - 1,
                        batch.ofStep(),
                        null);
        return traffic.send(session, work, batch.parts());
    }

    private static boolean computesAsThen(Recovery.Started started, LoggedStep logged) {
        var profiles = new HashSet<>(started.profiles());
        logged.stages().forEach(stage -> profiles.add(stage.profile()));
        return profiles.size() == 1;
    }

    private static void requireSame(String what, Object then, Object now) throws JobException {
        if (!now.equals(then)) {
            throw new JobException(
                    ProblemCode.COMPUTE,
                    "what was done again came out otherwise",
                    "the " + what + " are " + now + ", were " + then,
                    "one of the workers, then or now, does not compute right");
        }
    }

    /** Fetches all that the stages hold, and keeps it: nothing older needs to be done again. */
    private void checkpoint(Session session) throws JobException, InterruptedException {
        var held = state.held(session, record.step());
        try (var source = held.source()) {
            record.keep(held.manifest(), source::read);
        } catch (JobException lost) {
            throw lost;
        } catch (IOException local) {
            listener.warned("no checkpoint of step " + record.step() + ": " + local.getMessage());
        }
        nextCheckpoint = record.step() + options.checkpointEvery();
    }
}
