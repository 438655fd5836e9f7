package tensorlink.testnet.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import tensorlink.compute.Batch;
import tensorlink.compute.Engine;
import tensorlink.compute.LocalRun;
import tensorlink.compute.Model;
import tensorlink.compute.ModelConfig;
import tensorlink.compute.StageOptions;
import tensorlink.compute.optim.AdamW;
import tensorlink.compute.tokenizer.Tokenizer;
import tensorlink.jobs.JobOptions;
import tensorlink.node.UserNode;
import tensorlink.node.cli.Output;
import tensorlink.p2p.core.Scheduler;
import tensorlink.testnet.ProcessNetwork;

/** Watches native memory over many steps: it must not grow. */
record MemorySoak(Output output, Scheduler scheduler, Engine engine) {
    private static final ModelConfig CONFIG = ModelConfig.llama(64, 2, 256, 64);
    private static final int ROWS = 4;
    private static final int LENGTH = 32;
    private static final int MICRO_BATCHES = 2;
    private static final int SAMPLES = 50;
    private static final AdamW RULE = AdamW.lr(1e-4);

    Map<String, Object> run(int steps) throws IOException, InterruptedException {
        var model = Model.initialize(CONFIG, Tokenizer.bytes(), 1);
        var result = new LinkedHashMap<String, Object>();
        result.put("steps", steps);
        inProcess(model, steps, result);
        overWorkers(model, steps, result);
        return result;
    }

    private void inProcess(Model model, int steps, Map<String, Object> result)
            throws IOException, InterruptedException {
        try (var run = LocalRun.open(engine, model, 2, StageOptions.forTraining(1))) {
            step(run, 0);
            long before = engine.arrays();
            long most = before;
            for (int step = 1; step <= steps; step++) {
                step(run, step);
                most = Math.max(most, engine.arrays());
            }
            output.say(
                    String.format(
                            Locale.ROOT,
                            "%nmemory over %,d steps: native arrays %d at the start, %d at the end,"
                                    + " %d at most",
                            steps,
                            before,
                            engine.arrays(),
                            most));
            result.put("arraysAtStart", before);
            result.put("arraysAtEnd", engine.arrays());
            result.put("arraysAtMost", most);
        }
    }

    private static void step(LocalRun run, int step) throws InterruptedException {
        TrainingTurns.step(run, batch(step), MICRO_BATCHES, RULE);
    }

    private void overWorkers(Model model, int steps, Map<String, Object> result)
            throws IOException, InterruptedException {
        try (var network = ProcessNetwork.start("soak", new ProcessNetwork.Plan(2, 1, 0, 0));
                var user = UserNode.join(network.network());
                var distributed =
                        user.createDistributedModel(
                                model,
                                JobOptions.training()
                                        .workers(2)
                                        .batch(ROWS, LENGTH)
                                        .microBatches(MICRO_BATCHES))) {
            var optimizer = distributed.optimizer(RULE);
            var pids = new ArrayList<Long>();
            network.workers().forEach(worker -> pids.add(worker.handle().pid()));
            var sizes = new ArrayList<List<Double>>();
            pids.forEach(_ -> sizes.add(new ArrayList<>()));
            for (int step = 1; step <= steps; step++) {
                var batch = batch(step);
                optimizer.zeroGrad();
                distributed.forward(batch.inputs(), batch.labels()).backward();
                optimizer.step();
                if (step % Math.max(1, steps / SAMPLES) == 0) {
                    for (int i = 0; i < pids.size(); i++) {
                        sizes.get(i).add(residentMebibytes(pids.get(i)));
                    }
                }
            }
            var slopes = new ArrayList<Double>();
            for (int i = 0; i < sizes.size(); i++) {
                var half = sizes.get(i).subList(sizes.get(i).size() / 2, sizes.get(i).size());
                double slope = slope(half) * SAMPLES * 1000.0 / steps;
                slopes.add(slope);
                output.say(
                        String.format(
                                Locale.ROOT,
                                "  worker %d: RSS %.0f MiB after half of the steps, %.0f at the"
                                    + " end; slope of the second half %+.2f MiB per 1,000 steps",
                                i + 1,
                                half.getFirst(),
                                half.getLast(),
                                slope));
            }
            result.put("rssSlopeMebibytesPer1000Steps", slopes);
        }
    }

    private static double residentMebibytes(long pid) throws IOException {
        for (var line : Files.readAllLines(Path.of("/proc/" + pid + "/status"))) {
            if (line.startsWith("VmRSS:")) {
                return Long.parseLong(line.replaceAll("\\D+", "")) / 1024.0;
            }
        }
        throw new IOException("no VmRSS of process " + pid);
    }

    /** Least squares, per sample. */
    private static double slope(List<Double> values) {
        int n = values.size();
        double meanX = (n - 1) / 2.0;
        double meanY = values.stream().mapToDouble(Double::doubleValue).average().orElse(0);
        double above = 0;
        double below = 0;
        for (int i = 0; i < n; i++) {
            above += (i - meanX) * (values.get(i) - meanY);
            below += (i - meanX) * (i - meanX);
        }
        return below == 0 ? 0 : above / below;
    }

    private static Batch batch(int step) {
        return TrainingTurns.batch(step, ROWS, LENGTH, CONFIG.vocabulary());
    }
}
