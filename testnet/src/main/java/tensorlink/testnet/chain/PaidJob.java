package tensorlink.testnet.chain;

import java.io.IOException;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import tensorlink.compute.Engine;
import tensorlink.compute.Model;
import tensorlink.compute.ModelConfig;
import tensorlink.compute.optim.AdamW;
import tensorlink.compute.tokenizer.Tokenizer;
import tensorlink.jobs.JobOptions;
import tensorlink.jobs.job.JobLimits;
import tensorlink.ledger.Account;
import tensorlink.ledger.Amount;
import tensorlink.node.Home;
import tensorlink.node.Network;
import tensorlink.node.TextData;
import tensorlink.testnet.LocalNetwork;

/** A training job of a few steps that costs the same wherever it is paid. */
record PaidJob(int workers, int steps) {
    private static final int ROWS = 4;
    private static final int LENGTH = 32;
    private static final long PRICE = 1;
    private static final long BUDGET = 100_000;
    private static final long CREDIT = 250_000;
    private static final long MEMORY_BYTES = 1L << 32;
    private static final String TEXT = "Whoever lends a machine is paid for what it computed. ";

    /** What an account has on the ledger in the end, deposited or not. */
    record Standing(Amount credits, Amount deposit) {}

    /** What all parties own in the end, by what they did; and whether each got what it earned. */
    record Result(Map<String, Standing> standings, boolean settled) {}

    Result run(Network network, Home validator, Engine engine)
            throws IOException, InterruptedException {
        var plan =
                new LocalNetwork.Plan(
                        Collections.nCopies(workers, MEMORY_BYTES),
                        1,
                        PRICE,
                        CREDIT,
                        JobLimits.defaults());
        try (var local = LocalNetwork.start(network, validator, plan, engine)) {
            boolean settled = train(local);
            var standings = new LinkedHashMap<String, Standing>();
            standings.put("user", standing(local, local.user().node().account()));
            for (int i = 0; i < workers; i++) {
                var account = local.workers().get(i).node().account();
                standings.put("worker " + (i + 1), standing(local, account));
            }
            return new Result(standings, settled);
        }
    }

    private boolean train(LocalNetwork local) throws IOException, InterruptedException {
        var tokenizer = Tokenizer.bytes();
        var config = ModelConfig.llama(32, workers, tokenizer.vocabularySize(), 2 * LENGTH);
        var data = TextData.of(tokenizer, TEXT.repeat(20));
        var options =
                JobOptions.training()
                        .on(local.workers().stream().map(it -> it.node().info().id()).toList())
                        .batch(ROWS, LENGTH)
                        .maxPrice(Amount.of(BUDGET));
        var model =
                local.user()
                        .createDistributedModel(Model.initialize(config, tokenizer, 1), options);
        try (model) {
            var optimizer = model.optimizer(AdamW.lr(1e-3));
            for (int step = 1; step <= steps; step++) {
                var batch = data.batch(1, step, ROWS, LENGTH);
                optimizer.zeroGrad();
                model.forward(batch.inputs(), batch.labels()).backward();
                optimizer.step();
            }
        }
        boolean settled = true;
        for (var stage : model.report().stages()) {
            var validator = local.validator().node().info().id();
            var redeemed = local.user().node().jobs().redeemed(validator, stage.account());
            settled &= !redeemed.isZero() && redeemed.equals(stage.paid());
        }
        return settled;
    }

    private static Standing standing(LocalNetwork local, Account account)
            throws IOException, InterruptedException {
        var ledger = local.validator().node().ledger().orElseThrow();
        return new Standing(ledger.credits(account), ledger.balance(account));
    }
}
