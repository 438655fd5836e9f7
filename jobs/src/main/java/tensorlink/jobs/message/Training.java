package tensorlink.jobs.message;

import tensorlink.compute.Frozen;
import tensorlink.compute.Precision;
import tensorlink.compute.TrainingOptions;
import tensorlink.compute.optim.Adafactor;
import tensorlink.compute.optim.Adagrad;
import tensorlink.compute.optim.Adam;
import tensorlink.compute.optim.AdamW;
import tensorlink.compute.optim.Optimizer;
import tensorlink.compute.optim.RmsProp;
import tensorlink.compute.optim.Sgd;
import tensorlink.compute.schedule.Schedule;
import tensorlink.jobs.wire.AdafactorMessage;
import tensorlink.jobs.wire.AdagradMessage;
import tensorlink.jobs.wire.AdamMessage;
import tensorlink.jobs.wire.OptimizerMessage;
import tensorlink.jobs.wire.RmsPropMessage;
import tensorlink.jobs.wire.SgdMessage;
import tensorlink.jobs.wire.TrainingMessage;
import tensorlink.p2p.core.ProtocolViolation;

/** Training options and optimizers in the form in which they travel. */
final class Training {
    private Training() {}

    static TrainingMessage encode(TrainingOptions options) {
        return TrainingMessage.newBuilder()
                .setOptimizer(encode(options.optimizer()))
                .setRecompute(options.recompute())
                .setSeed(options.seed())
                .setFurtherReplicas(options.replicas() - 1)
                .setPrecision(
                        switch (options.precision()) {
                            case F32 -> TrainingMessage.Precision.F32;
                            case BF16 -> TrainingMessage.Precision.BF16;
                        })
                .addAllFrozen(options.frozen().patterns())
                .setSchedule(
                        switch (options.schedule()) {
                            case ONE_F_ONE_B -> TrainingMessage.Schedule.ONE_F_ONE_B;
                            case GPIPE -> TrainingMessage.Schedule.GPIPE;
                            case ZB_H1 -> TrainingMessage.Schedule.ZB_H1;
                            case INTERLEAVED ->
                                    throw new IllegalArgumentException(
                                            "a worker of a job has one chunk of layers");
                        })
                .build();
    }

    static TrainingOptions decode(TrainingMessage message) throws ProtocolViolation {
        var optimizer = decode(message.getOptimizer());
        var schedule =
                switch (message.getSchedule()) {
                    case ONE_F_ONE_B -> Schedule.ONE_F_ONE_B;
                    case GPIPE -> Schedule.GPIPE;
                    case ZB_H1 -> Schedule.ZB_H1;
                    case UNRECOGNIZED -> throw Fields.unset("schedule");
                };
        var precision =
                switch (message.getPrecision()) {
                    case F32 -> Precision.F32;
                    case BF16 -> Precision.BF16;
                    case UNRECOGNIZED -> throw Fields.unset("precision");
                };
        int replicas =
                1
                        + Fields.atMost(
                                "further replicas",
                                Fields.natural("further replicas", message.getFurtherReplicas()),
                                TrainingOptions.REPLICAS_MAX - 1);
        var frozen = Fields.read("frozen", () -> new Frozen(message.getFrozenList()));
        return Fields.read(
                "training",
                () ->
                        new TrainingOptions(
                                optimizer,
                                message.getRecompute(),
                                frozen,
                                schedule,
                                message.getSeed(),
                                precision,
                                replicas));
    }

    static OptimizerMessage encode(Optimizer optimizer) {
        var message = OptimizerMessage.newBuilder();
        switch (optimizer) {
            case Sgd(var rate, var momentum, var dampening, var decay, var nesterov) ->
                    message.setSgd(
                            SgdMessage.newBuilder()
                                    .setLearningRate(rate)
                                    .setMomentum(momentum)
                                    .setDampening(dampening)
                                    .setWeightDecay(decay)
                                    .setNesterov(nesterov));
            case Adam(var rate, var beta1, var beta2, var epsilon, var decay, var amsgrad) ->
                    message.setAdam(adam(rate, beta1, beta2, epsilon, decay, amsgrad));
            case AdamW(var rate, var beta1, var beta2, var epsilon, var decay, var amsgrad) ->
                    message.setAdamw(adam(rate, beta1, beta2, epsilon, decay, amsgrad));
            case Adagrad(var rate, var rateDecay, var decay, var initial, var epsilon) ->
                    message.setAdagrad(
                            AdagradMessage.newBuilder()
                                    .setLearningRate(rate)
                                    .setLearningRateDecay(rateDecay)
                                    .setWeightDecay(decay)
                                    .setInitialAccumulator(initial)
                                    .setEpsilon(epsilon));
            case RmsProp(var rate, var alpha, var epsilon, var decay, var momentum, var centered) ->
                    message.setRmsprop(
                            RmsPropMessage.newBuilder()
                                    .setLearningRate(rate)
                                    .setAlpha(alpha)
                                    .setEpsilon(epsilon)
                                    .setWeightDecay(decay)
                                    .setMomentum(momentum)
                                    .setCentered(centered));
            case Adafactor(var rate, var beta2, var one, var two, var clipping, var decay) ->
                    message.setAdafactor(
                            AdafactorMessage.newBuilder()
                                    .setLearningRate(rate)
                                    .setBeta2Decay(beta2)
                                    .setEpsilon1(one)
                                    .setEpsilon2(two)
                                    .setClipping(clipping)
                                    .setWeightDecay(decay));
        }
        return message.build();
    }

    private static AdamMessage adam(
            double rate,
            double beta1,
            double beta2,
            double epsilon,
            double decay,
            boolean amsgrad) {
        return AdamMessage.newBuilder()
                .setLearningRate(rate)
                .setBeta1(beta1)
                .setBeta2(beta2)
                .setEpsilon(epsilon)
                .setWeightDecay(decay)
                .setAmsgrad(amsgrad)
                .build();
    }

    static Optimizer decode(OptimizerMessage message) throws ProtocolViolation {
        return switch (message.getKindCase()) {
            case SGD -> Fields.read("optimizer", () -> sgd(message.getSgd()));
            case ADAM -> Fields.read("optimizer", () -> adam(message.getAdam()));
            case ADAMW -> Fields.read("optimizer", () -> adamW(message.getAdamw()));
            case ADAGRAD -> Fields.read("optimizer", () -> adagrad(message.getAdagrad()));
            case RMSPROP -> Fields.read("optimizer", () -> rmsProp(message.getRmsprop()));
            case ADAFACTOR -> Fields.read("optimizer", () -> adafactor(message.getAdafactor()));
            case KIND_NOT_SET -> throw Fields.unset("optimizer");
        };
    }

    private static Sgd sgd(SgdMessage sgd) {
        return new Sgd(
                sgd.getLearningRate(),
                sgd.getMomentum(),
                sgd.getDampening(),
                sgd.getWeightDecay(),
                sgd.getNesterov());
    }

    private static Adam adam(AdamMessage adam) {
        return new Adam(
                adam.getLearningRate(),
                adam.getBeta1(),
                adam.getBeta2(),
                adam.getEpsilon(),
                adam.getWeightDecay(),
                adam.getAmsgrad());
    }

    private static AdamW adamW(AdamMessage adam) {
        return new AdamW(
                adam.getLearningRate(),
                adam.getBeta1(),
                adam.getBeta2(),
                adam.getEpsilon(),
                adam.getWeightDecay(),
                adam.getAmsgrad());
    }

    private static Adagrad adagrad(AdagradMessage adagrad) {
        return new Adagrad(
                adagrad.getLearningRate(),
                adagrad.getLearningRateDecay(),
                adagrad.getWeightDecay(),
                adagrad.getInitialAccumulator(),
                adagrad.getEpsilon());
    }

    private static RmsProp rmsProp(RmsPropMessage rmsProp) {
        return new RmsProp(
                rmsProp.getLearningRate(),
                rmsProp.getAlpha(),
                rmsProp.getEpsilon(),
                rmsProp.getWeightDecay(),
                rmsProp.getMomentum(),
                rmsProp.getCentered());
    }

    private static Adafactor adafactor(AdafactorMessage adafactor) {
        return new Adafactor(
                adafactor.getLearningRate(),
                adafactor.getBeta2Decay(),
                adafactor.getEpsilon1(),
                adafactor.getEpsilon2(),
                adafactor.getClipping(),
                adafactor.getWeightDecay());
    }
}
