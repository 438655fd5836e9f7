package tensorlink.testnet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
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
import tensorlink.ledger.smartnodes.SmartnodesConfig;
import tensorlink.ledger.smartnodes.SmartnodesOutcome;
import tensorlink.ledger.smartnodes.SmartnodesOutcome.Done;
import tensorlink.ledger.smartnodes.WorkReceipt;
import tensorlink.node.Home;
import tensorlink.node.Network;
import tensorlink.node.Node;
import tensorlink.node.Rounds;
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

    /** The jobs are all watched by the first validator; the others hear of them. */
    @Test
    @Execution(ExecutionMode.CONCURRENT)
    void two_validators_agree_on_what_only_one_of_them_has_watched() throws Exception {
        try (var here = open(1)) {
            var first = here.first();
            var second = here.others().getFirst();
            done(first.smartnodes().orElseThrow().registerValidator());
            var job = here.job();
            done(second.node().smartnodes().orElseThrow().registerValidator());
            var rounds = second.node().rounds().orElseThrow();
            var told = first.rounds().orElseThrow();
            told.exchange();

            here.awaitHeard(rounds);
            assertThat(whats(rounds.propose(scheduler.now()))).containsExactly("proposed");
            assertThat(whats(rounds.vote())).containsExactly("voted");

            // One vote of two is not enough, and whoever was not told of a proposal gives none.
            assertThat(rounds.execute()).isEmpty();
            assertThat(told.vote().getFirst().detail()).contains("nobody has told what it is");
            assertThat(told.books(scheduler.now()).proposal().jobs()).containsExactly(job.word());
            here.awaitVote(told, "voted", "gas");
            assertThat(whats(rounds.execute())).containsExactly("executed");

            here.assertPaid();
            assertThat(told.books(scheduler.now()).proposal().jobs()).isEmpty();
        }
    }

    @Test
    @Execution(ExecutionMode.CONCURRENT)
    void three_validators_pay_a_job_though_one_lies_and_one_starts_anew_in_between()
            throws Exception {
        try (var here = open(2)) {
            var first = here.first();
            var liar = here.others().getLast();
            var second = here.others().getFirst();
            done(first.smartnodes().orElseThrow().registerValidator());
            var job = here.job();
            for (var other : here.others()) {
                done(other.node().smartnodes().orElseThrow().registerValidator());
            }
            var watched = first.rounds().orElseThrow();
            watched.exchange();
            var lies = liar.node().rounds().orElseThrow();
            var itself = new WorkReceipt(job.word(), liar.node().account(), 1L << 40, 3_600);
            lies.propose(scheduler.now(), new Books(BigInteger.ONE, List.of(itself), Set.of()));

            // Both recompute it, and say what is wrong.
            var rounds = second.node().rounds().orElseThrow();
            here.awaitHeard(rounds);
            for (var honest : List.of(watched, rounds)) {
                here.awaitVote(honest, "not voted", "WORKERS");
                assertThat(honest.propose(scheduler.now())).as("the other has its time").isEmpty();
            }

            // The lie is wiped; whoever proposed the truth starts anew before it is executed.
            var until = scheduler.now();
            rounds.propose(until, rounds.books(until));
            here.awaitVote(watched, "voted", "gas");
            second.close();
            try (var anew = here.startAgain(second)) {
                var again = anew.node().rounds().orElseThrow();
                assertThat(whats(again.vote())).containsExactly("voted");
                assertThat(whats(again.execute())).containsExactly("executed");
                assertThat(again.books(scheduler.now()).proposal().jobs()).isEmpty();

                // Who was told nothing of it proposes nothing, until it is.
                assertThatThrownBy(() -> lies.books(scheduler.now()))
                        .hasMessageContaining("what is paid already is not known");
                here.assertPaid();
                lies.exchange();
                assertThat(lies.books(scheduler.now()).proposal().jobs()).isEmpty();
            }
        }
    }

    private Here open(int others) throws Exception {
        if ("true".equals(System.getenv("CI"))) {
            assertThat(ANVIL).as("npm ci --ignore-scripts in ledger/contracts").exists();
        }
        assumeTrue(Files.exists(ANVIL), "npm ci --ignore-scripts in ledger/contracts");
        AccountKey.warmUp();
        return new Here(others);
    }

    private static List<String> whats(List<Rounds.Step> steps) {
        return steps.stream().map(Rounds.Step::what).toList();
    }

    /** A chain, a network whose first validator finds two workers, and other validators. */
    private final class Here implements AutoCloseable {
        private final Anvil chain = Anvil.start(ANVIL);
        private final Engine engine = TorchEngine.open();
        private final LocalNetwork local;
        private final Network joined;
        private final List<Home> homes = new ArrayList<>();
        private final List<ValidatorNode> others = new ArrayList<>();

        Here(int count) throws Exception {
            var home = Home.fresh();
            var names = new ArrayList<>(List.of(Node.names(home)));
            for (int i = 0; i < count; i++) {
                homes.add(Home.at(folder.resolve("validator" + i)));
                names.add(Node.names(homes.getLast()));
            }
            var contracts = deploy(chain, names);
            for (var name : names) {
                chain.enrich(name.account());
            }
            var plan =
                    new LocalNetwork.Plan(
                            Collections.nCopies(2, 1L << 32), 1, 0, 0, JobLimits.defaults());
            var network = network(contracts);
            local = LocalNetwork.start(network, home, plan, engine);
            joined = network.via(local.validator().node().info());
            for (var other : homes) {
                others.add(start(other));
            }
        }

        private ValidatorNode start(Home home) throws Exception {
            return ValidatorNode.start(joined, home, ValidatorNode.Options.free());
        }

        ValidatorNode startAgain(ValidatorNode before) throws Exception {
            return start(homes.get(others.indexOf(before)));
        }

        Node first() {
            return local.validator().node();
        }

        List<ValidatorNode> others() {
            return others;
        }

        /** Trains until a job is complete. */
        JobId job() throws Exception {
            var job = train(local, chain);
            awaitCompleted(local.validator().validator(), job, chain);
            for (var other : others) {
                assertThat(other.validator().cases()).isEmpty();
            }
            return job;
        }

        /** Until somebody else's word on a job is there; a block is a second. */
        void awaitHeard(Rounds rounds) throws Exception {
            long begun = chain.blocks();
            while (rounds.unpaid() == 0) {
                var steps = rounds.exchange();
                assertThat(chain.blocks()).as("%s", steps).isLessThan(begun + 120);
            }
        }

        /** Until it has been told what it votes on, and votes so; a block is a second. */
        void awaitVote(Rounds rounds, String what, String detail) throws Exception {
            long begun = chain.blocks();
            for (var step = new Rounds.Step("", "");
                    !step.what().equals(what) || !step.detail().contains(detail); ) {
                assertThat(chain.blocks()).as("%s", step).isLessThan(begun + 120);
                rounds.exchange();
                step = rounds.vote().getFirst();
            }
        }

        /** Both workers claim; neither has watched anything. */
        void assertPaid() throws Exception {
            for (var worker : local.workers()) {
                chain.enrich(worker.node().account());
                var rounds = worker.node().rounds().orElseThrow();
                long begun = chain.blocks();
                for (List<Rounds.Step> steps = List.of(); !whats(steps).contains("claimed"); ) {
                    assertThat(chain.blocks()).as("%s", steps).isLessThan(begun + 120);
                    rounds.exchange();
                    steps = rounds.claim();
                }
                var ledger = worker.node().smartnodes().orElseThrow().ledger();
                assertThat(ledger.isClaimed(BigInteger.ONE, worker.node().account())).isTrue();
                assertThat(rounds.claim()).isEmpty();
            }
        }

        @Override
        public void close() throws IOException {
            others.forEach(ValidatorNode::close);
            local.close();
            engine.close();
            chain.close();
        }
    }

    private static void done(SmartnodesOutcome outcome) {
        assertThat(outcome).isInstanceOf(Done.class);
    }

    private SmartnodesConfig deploy(Anvil chain, List<Node.Names> validators) throws Exception {
        var deployer = AccountKey.generate(new SecureRandom());
        chain.enrich(deployer.account());
        var where = EvmChain.of(Anvil.CHAIN_ID, List.of(chain.uri()));
        var payer =
                new EvmAccount(deployer, folder.resolve("transactions"), SenderSettings.defaults());
        var deployed =
                new SmartnodesDouble(
                                ROOT.resolve(SmartnodesDouble.CODES),
                                validators.stream().map(Node.Names::account).toList(),
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
            assertThat(chain.blocks()).as("%s", validator.cases()).isLessThan(begun + 120);
        }
    }

    private static boolean isCompleted(Validator validator, JobId job) {
        return validator.cases().stream()
                .anyMatch(it -> it.job().equals(job) && it.state() instanceof JobState.Completed);
    }
}
