package tensorlink.testnet.prove;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tensorlink.jobs.DistributedModel;
import tensorlink.jobs.JobListener;
import tensorlink.jobs.Recovered;
import tensorlink.jobs.job.JobState;
import tensorlink.node.Home;
import tensorlink.node.Network;
import tensorlink.node.UserNode;
import tensorlink.node.cli.ExitCode;
import tensorlink.node.cli.Output;

/**
 * The user of {@link ProveTrain}: does the {@link Exercise}, or what is left of it in its folder,
 * and tells each step.
 */
@Command(name = "user", description = "The user of prove train.", hidden = true)
final class ProveUser implements Callable<Integer> {
    @Mixin private Output output = new Output();

    @Option(names = "--bootstrap", required = true)
    private String bootstrap = "";

    @Option(names = "--home", required = true)
    private Path home = Path.of(".");

    @Option(names = "--training", required = true)
    private Path training = Path.of(".");

    @Option(names = "--seed", required = true)
    private long seed;

    @Override
    public Integer call() throws IOException, InterruptedException {
        var exercise = new Exercise(seed);
        var network = Network.named(Exercise.NETWORK).bootstrap(bootstrap);
        var telling = new Telling();
        try (var user = UserNode.join(network, Home.at(home), Exercise.limits());
                var model =
                        user.createDistributedModel(
                                exercise.model(), Exercise.options().keptIn(training), telling)) {
            output.tell(
                    Map.of(
                            "event",
                            "begun",
                            "steps",
                            model.optimizer(exercise.rule(1)).steps(),
                            "anew",
                            telling.anew));
            train(exercise, model);
            output.tell(Map.of("event", "done", "weights", model.weightsDigest().hex()));
        }
        return ExitCode.DONE.status();
    }

    private void train(Exercise exercise, DistributedModel model)
            throws IOException, InterruptedException {
        var optimizer = model.optimizer(exercise.rule(1));
        for (int step = Math.toIntExact(optimizer.steps()) + 1; step <= Exercise.STEPS; step++) {
            var batch = exercise.batch(step);
            optimizer.zeroGrad();
            var loss = model.forward(batch.inputs(), batch.labels());
            loss.backward();
            optimizer.use(exercise.rule(step));
            optimizer.step();
            output.tell(
                    Map.of(
                            "event",
                            "step",
                            "step",
                            step,
                            "loss",
                            Float.floatToRawIntBits(loss.value())));
        }
    }

    private final class Telling implements JobListener {
        /** Whether a job was asked for, and not that of a process before this one gone on with. */
        private boolean anew;

        @Override
        public void entered(JobState state, String detail) {
            anew |= state instanceof JobState.Requested;
        }

        @Override
        public void recovered(Recovered event) {
            var workers = new ArrayList<String>();
            event.workers().forEach(worker -> workers.add(worker.shortText()));
            output.tell(
                    Map.of(
                            "event",
                            "recovered",
                            "problem",
                            event.problem().toString(),
                            "workers",
                            workers,
                            "replayed",
                            event.replayed(),
                            "millis",
                            event.took().toMillis()));
        }

        @Override
        public void warned(String warning) {
            output.tell(Map.of("event", "warning", "warning", warning));
        }
    }
}
