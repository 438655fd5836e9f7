package tensorlink.testnet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tensorlink.compute.Engine;
import tensorlink.compute.Model;
import tensorlink.compute.ModelConfig;
import tensorlink.compute.optim.AdamW;
import tensorlink.compute.tokenizer.Tokenizer;
import tensorlink.compute.torch.TorchEngine;
import tensorlink.jobs.JobOptions;
import tensorlink.jobs.job.JobId;
import tensorlink.jobs.job.JobLimits;
import tensorlink.jobs.job.JobState;
import tensorlink.jobs.validator.Validator;
import tensorlink.ledger.AccountKey;
import tensorlink.ledger.evm.EvmAccount;
import tensorlink.ledger.evm.EvmChain;
import tensorlink.ledger.evm.Finality;
import tensorlink.ledger.evm.SenderSettings;
import tensorlink.ledger.smartnodes.Books;
import tensorlink.ledger.smartnodes.Distribution;
import tensorlink.ledger.smartnodes.SmartnodesConfig;
import tensorlink.ledger.smartnodes.SmartnodesOutcome;
import tensorlink.ledger.smartnodes.SmartnodesOutcome.Done;
import tensorlink.ledger.smartnodes.SmartnodesOutcome.VotedAgainst;
import tensorlink.node.Home;
import tensorlink.node.Network;
import tensorlink.node.Node;
import tensorlink.node.TextData;
import tensorlink.node.ValidatorNode;
import tensorlink.node.network.Descriptor;
import tensorlink.node.network.LedgerTerms;
import tensorlink.node.network.Membership;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.testnet.chain.Anvil;
import tensorlink.testnet.chain.SmartnodesDouble;

/** A network whose validators are those that the Smartnodes contracts know: our double of them. */
@Tag("interop")
@Timeout(400)
class SmartnodesNetworkTest {
    private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
    private static final Path ANVIL = ROOT.resolve(Anvil.PROGRAM);
    private static final int ROWS = 4;
    private static final int LENGTH = 32;

    @TempDir private Path folder;
    private final Scheduler scheduler = Scheduler.system();

    @Test
    void a_job_by_a_registered_validator_is_rewarded_in_a_round_that_books_bear_out()
            throws Exception {
        if ("true".equals(System.getenv("CI"))) {
            assertThat(ANVIL).as("npm ci --ignore-scripts in ledger/contracts").exists();
        }
        assumeTrue(Files.exists(ANVIL), "npm ci --ignore-scripts in ledger/contracts");
        AccountKey.warmUp();
        var home = Home.fresh();
        var validator = Node.names(home);
        try (var chain = Anvil.start(ANVIL);
                Engine engine = TorchEngine.open()) {
            var contracts = deploy(chain, validator);
            chain.enrich(validator.account());
            var plan =
                    new LocalNetwork.Plan(
                            Collections.nCopies(2, 1L << 32), 1, 0, 0, JobLimits.defaults());
            var network = network(contracts);
            try (var local = LocalNetwork.start(network, home, plan, engine);
                    // Nobody knows this one: it is found by its announcement, and passed over.
                    var stranger =
                            ValidatorNode.start(
                                    network.via(local.validator().node().info()),
                                    Home.fresh(),
                                    ValidatorNode.Options.free())) {
                var desk = local.validator().node().smartnodes().orElseThrow();
                done(desk.registerValidator());

                var job = train(local, chain);

                assertThat(stranger.validator().cases()).isEmpty();
                awaitCompleted(local.validator().validator(), job, chain);
                var books = desk.books();
                assertThat(books.proposal().jobs()).containsExactly(job.word());
                assertThat(books.distribution().shares()).hasSize(2);

                // Whoever has no receipts of the job, or others, does not vote for it.
                var strangers = stranger.node().smartnodes().orElseThrow();
                var told = new Books.Told(1, books.proposal(), books.distribution());
                done(desk.propose());
                assertThat(strangers.vote(told)).isInstanceOf(VotedAgainst.class);
                done(desk.execute(told));

                for (var worker : local.workers()) {
                    claim(chain, worker.node(), books.distribution());
                }
                var settled = desk.books();
                assertThat(settled.proposal().jobs()).isEmpty();
                assertThat(settled.distribution().id()).isEqualTo(BigInteger.TWO);
            }
        }
    }

    private static void done(SmartnodesOutcome outcome) {
        assertThat(outcome).isInstanceOf(Done.class);
    }

    private static void claim(Anvil chain, Node worker, Distribution distribution)
            throws Exception {
        var desk = worker.smartnodes().orElseThrow();
        chain.enrich(worker.account());

        done(desk.claim(distribution));

        assertThat(desk.ledger().isClaimed(distribution.id(), worker.account())).isTrue();
    }

    private SmartnodesConfig deploy(Anvil chain, Node.Names validator) throws Exception {
        var deployer = AccountKey.generate(new SecureRandom());
        chain.enrich(deployer.account());
        var where = EvmChain.of(Anvil.CHAIN_ID, List.of(chain.uri()));
        var payer =
                new EvmAccount(deployer, folder.resolve("transactions"), SenderSettings.defaults());
        var deployed =
                new SmartnodesDouble(
                                ROOT.resolve(SmartnodesDouble.CODES),
                                List.of(validator.account()),
                                Duration.ofHours(1))
                        .deploy(where.withFinality(new Finality.Depth(0)), payer, scheduler::sleep);
        return new SmartnodesConfig(
                where, deployed.core(), deployed.coordinator(), deployed.token());
    }

    private Network network(SmartnodesConfig contracts) {
        var terms =
                Descriptor.Terms.open("smartnodes", scheduler.now(), new SecureRandom())
                        .ledger(new LedgerTerms.Smartnodes(contracts));
        var founded = Descriptor.found(KeyPair.generate(), terms);
        return Network.of(new Membership(founded, Optional.empty(), Optional.empty()));
    }

    private static JobId train(LocalNetwork local, Anvil chain) throws Exception {
        var tokenizer = Tokenizer.bytes();
        var config = ModelConfig.llama(32, 2, tokenizer.vocabularySize(), 2 * LENGTH);
        var data = TextData.of(tokenizer, "Whoever lends a machine is rewarded. ".repeat(20));
        var options =
                JobOptions.training()
                        .on(local.workers().stream().map(it -> it.node().info().id()).toList())
                        .batch(ROWS, LENGTH);
        var model =
                local.user()
                        .createDistributedModel(Model.initialize(config, tokenizer, 1), options);
        try (model) {
            var optimizer = model.optimizer(AdamW.lr(1e-3));
            long begun = chain.blocks();
            // A block is a second: long enough for a capacity that is not zero.
            for (int step = 1; chain.blocks() < begun + 4; step++) {
                var batch = data.batch(1, step, ROWS, LENGTH);
                optimizer.zeroGrad();
                model.forward(batch.inputs(), batch.labels()).backward();
                optimizer.step();
            }
        }
        return model.job();
    }

    /** As long as its user's farewell is under way; a block is a second. */
    private static void awaitCompleted(Validator validator, JobId job, Anvil chain)
            throws Exception {
        long begun = chain.blocks();
        while (!isCompleted(validator, job)) {
            assertThat(chain.blocks()).as("%s", validator.cases()).isLessThan(begun + 60);
        }
    }

    private static boolean isCompleted(Validator validator, JobId job) {
        return validator.cases().stream()
                .anyMatch(it -> it.job().equals(job) && it.state() instanceof JobState.Completed);
    }
}
