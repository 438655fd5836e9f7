package tensorlink.testnet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tensorlink.compute.Engine;
import tensorlink.compute.Model;
import tensorlink.compute.ModelConfig;
import tensorlink.compute.optim.AdamW;
import tensorlink.compute.tokenizer.Tokenizer;
import tensorlink.compute.torch.TorchEngine;
import tensorlink.jobs.JobOptions;
import tensorlink.jobs.job.JobException;
import tensorlink.jobs.job.JobId;
import tensorlink.jobs.job.JobLimits;
import tensorlink.jobs.message.Dossier;
import tensorlink.ledger.Account;
import tensorlink.ledger.AccountKey;
import tensorlink.ledger.Amount;
import tensorlink.ledger.Outcome;
import tensorlink.ledger.Rejection;
import tensorlink.ledger.Signed;
import tensorlink.ledger.UsageReceipt;
import tensorlink.node.Home;
import tensorlink.node.Network;
import tensorlink.node.Node;
import tensorlink.node.TextData;
import tensorlink.node.WorkerNode;
import tensorlink.p2p.core.Scheduler;
import tensorlink.testnet.chain.Anvil;
import tensorlink.testnet.chain.ChainNetwork;

/** A user who does not pay, and what becomes of it: the same on each kind of ledger. */
@Timeout(300)
class DisputeTest {
    private static final Path ANVIL = Path.of("..").resolve(Anvil.PROGRAM).toAbsolutePath();
    private static final int ROWS = 4;
    private static final int LENGTH = 32;
    private static final long PRICE = 1;
    private static final long CREDIT = 100_000;

    @Test
    void what_a_user_did_not_pay_is_awarded_on_a_ledger_in_a_file() throws Exception {
        AccountKey.warmUp();
        try (Engine engine = TorchEngine.open();
                var local = start(Network.named("unpaid"), Home.fresh(), engine)) {
            disputes(local);
        }
    }

    @Test
    @Tag("interop")
    void what_a_user_did_not_pay_is_awarded_on_a_contract() throws Exception {
        if ("true".equals(System.getenv("CI"))) {
            assertThat(ANVIL).as("npm ci --ignore-scripts in ledger/contracts").exists();
        }
        assumeTrue(Files.exists(ANVIL), "npm ci --ignore-scripts in ledger/contracts");
        AccountKey.warmUp();
        var home = Home.fresh();
        var issuer = Node.names(home).account();
        try (var chain = Anvil.start(ANVIL);
                Engine engine = TorchEngine.open()) {
            var contract = ChainNetwork.deploy(chain, issuer);
            try (var local = start(ChainNetwork.on(contract), home, engine)) {
                // On a chain a validator judges that has put up its collateral.
                var desk = local.validator().node().desk().orElseThrow();
                desk.issue(issuer, ChainNetwork.STAKE_MIN);
                desk.stake(ChainNetwork.STAKE_MIN);

                disputes(local);
            }
        }
    }

    private static LocalNetwork start(Network network, Home validator, Engine engine)
            throws Exception {
        var plan =
                new LocalNetwork.Plan(
                        Collections.nCopies(3, 1L << 32), 1, PRICE, CREDIT, JobLimits.defaults());
        return LocalNetwork.start(network, validator, plan, engine);
    }

    private static void disputes(LocalNetwork local) throws Exception {
        var job = unpaidJob(local);
        var ledger = local.validator().node().ledger().orElseThrow();
        var workers = local.workers();
        var first = workers.getFirst();
        var third = workers.getLast();
        for (var worker : workers) {
            assertThat(ledger.credits(worker.node().account())).isEqualTo(Amount.ZERO);
        }

        // Those who have no part in it, and what was tampered with.
        rejects(
                Rejection.NOT_AGREEMENT_PARTY,
                third.node().jobs().dispute(dossier(first, job), Optional.empty()));
        rejects(
                Rejection.BAD_SIGNATURE,
                third.node().jobs().dispute(forged(dossier(third, job)), Optional.empty()));
        assertThatThrownBy(() -> local.user().node().jobDesk().dispute(job, Optional.empty()))
                .isInstanceOf(JobException.class)
                .hasMessageContaining("not disputed");

        // A worker for itself; the user, who cannot write a voucher, for another.
        var awarded = awarded(local, job, first);
        assertThat(first.node().jobDesk().dispute(job, Optional.empty()))
                .isEqualTo(new Outcome.Paid(awarded));
        var second = workers.get(1).node().account();
        var ofSecond = awarded(local, job, workers.get(1));
        assertThat(local.user().node().jobDesk().dispute(job, Optional.of(second)))
                .isEqualTo(new Outcome.Paid(ofSecond));

        assertThat(ledger.credits(first.node().account())).isEqualTo(awarded);
        assertThat(ledger.credits(second)).isEqualTo(ofSecond);
        assertThat(ledger.credits(third.node().account())).isEqualTo(Amount.ZERO);
        rejects(Rejection.DISPUTE_OVER, first.node().jobDesk().dispute(job, Optional.empty()));
    }

    private static void rejects(Rejection code, Outcome outcome) {
        assertThat(outcome).isInstanceOf(Outcome.Rejected.class);
        assertThat(((Outcome.Rejected) outcome).code()).isEqualTo(code);
    }

    /** Work that is done and receipted, by a user whose disk takes no promise. */
    private static JobId unpaidJob(LocalNetwork local) throws Exception {
        var draft = local.user().node().home().folder().resolve("purse.new");
        Files.createDirectories(draft);
        var tokenizer = Tokenizer.bytes();
        var config = ModelConfig.llama(32, 3, tokenizer.vocabularySize(), 2 * LENGTH);
        var data = TextData.of(tokenizer, "What is promised must be kept. ".repeat(20));
        var options =
                JobOptions.training()
                        .on(local.workers().stream().map(it -> it.node().info().id()).toList())
                        .batch(ROWS, LENGTH)
                        .maxPrice(Amount.of(CREDIT / 2));
        var model =
                local.user()
                        .createDistributedModel(Model.initialize(config, tokenizer, 1), options);
        try (model) {
            var optimizer = model.optimizer(AdamW.lr(1e-3));
            for (int step = 1; step <= 2; step++) {
                var batch = data.batch(1, step, ROWS, LENGTH);
                optimizer.zeroGrad();
                model.forward(batch.inputs(), batch.labels()).backward();
                optimizer.step();
            }
        } catch (JobException unpaid) {
            assertThat(unpaid).hasMessageContaining("purse");
        }
        var job = model.job();
        var validator = local.validator().validator();
        awaitFree(local);
        assertThat(validator.receipts(job)).hasSize(3);
        return job;
    }

    /** A worker that is not paid waits a while for it. */
    private static void awaitFree(LocalNetwork local) throws Exception {
        var scheduler = Scheduler.system();
        long begun = scheduler.nanoTime();
        while (!local.workers().stream().allMatch(it -> it.worker().stints().isEmpty())) {
            assertThat(Duration.ofNanos(scheduler.nanoTime() - begun))
                    .isLessThan(Duration.ofMinutes(2));
            scheduler.sleep(Duration.ofMillis(100));
        }
    }

    private static Dossier dossier(WorkerNode worker, JobId job) throws Exception {
        return worker.worker().dossier(job).orElseThrow();
    }

    /** Twice as much work under the signature of once. */
    private static Dossier forged(Dossier dossier) {
        var receipts = new ArrayList<Signed<UsageReceipt>>();
        for (var receipt : dossier.receipts()) {
            var said = receipt.message();
            var more =
                    new UsageReceipt(said.jobId(), said.payee(), 2 * said.units(), said.sequence());
            receipts.add(new Signed<>(more, receipt.signature()));
        }
        assertThat(receipts).isNotEmpty();
        return new Dossier(dossier.arbiter(), dossier.agreement(), receipts);
    }

    /** What the worker has receipts for and another bears out; each has one layer. */
    private static Amount awarded(LocalNetwork local, JobId job, WorkerNode worker)
            throws Exception {
        var receipts = new ArrayList<>(local.validator().validator().receipts(job));
        receipts.addAll(dossier(worker, job).receipts());
        long own = most(receipts, worker.node().account(), true);
        long others = most(receipts, worker.node().account(), false);
        assertThat(own).isPositive();
        assertThat(others).isPositive();
        return Amount.of(PRICE * Math.min(own, others));
    }

    private static long most(
            List<Signed<UsageReceipt>> receipts, Account worker, boolean isWorker) {
        return receipts.stream()
                .map(Signed::message)
                .filter(it -> it.payee().equals(worker) == isWorker)
                .mapToLong(UsageReceipt::units)
                .max()
                .orElse(0);
    }
}
