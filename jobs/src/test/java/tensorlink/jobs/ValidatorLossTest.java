package tensorlink.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tensorlink.compute.optim.AdamW;
import tensorlink.jobs.exchange.Asker;
import tensorlink.jobs.job.JobState;
import tensorlink.jobs.lab.Lab;
import tensorlink.jobs.lab.Patience;
import tensorlink.jobs.lab.ScriptedWorker;
import tensorlink.jobs.message.Answer;
import tensorlink.jobs.message.Question;
import tensorlink.jobs.party.Party;
import tensorlink.jobs.pipeline.Slot;
import tensorlink.jobs.worker.Worker;
import tensorlink.ledger.Account;
import tensorlink.ledger.Amount;
import tensorlink.ledger.JobEnd;
import tensorlink.ledger.JobRecord;
import tensorlink.ledger.Ledger;
import tensorlink.ledger.Outcome;
import tensorlink.p2p.Eventually;

/** What a validator is for while a job runs, and what happens when there is none any more. */
@Timeout(60)
class ValidatorLossTest {
    @TempDir private Path folder;

    @Test
    void another_validator_takes_a_running_job_over_and_everybody_is_paid_once() throws Exception {
        try (var lab = new Lab(folder, Patience.enough().silence(Duration.ofSeconds(2)))) {
            var ledger = lab.ledger();
            var other = lab.otherValidator();
            var first = lab.worker(Lab.MEMORY_BYTES, Amount.of(1), cashier(ledger));
            var second = lab.worker(Lab.MEMORY_BYTES, Amount.of(1), cashier(ledger));
            var party = lab.party();
            var user = lab.user(party);
            var options =
                    JobOptions.training().workers(2).batch(4, 16).maxPrice(Amount.of(500_000));
            var model = user.create(Lab.model(), options, JobListener.silent());
            var optimizer = model.optimizer(AdamW.lr(1e-2));
            step(model, optimizer, 1);

            lab.killFirstValidator();
            step(model, optimizer, 2);
            Eventually.until(() -> "taken over: " + other.cases(), () -> !other.cases().isEmpty());
            var taken = other.cases().getFirst();
            step(model, optimizer, 3);
            model.close();

            assertThat(taken.job()).isEqualTo(model.job());
            assertThat(taken.state()).isEqualTo(new JobState.Running());
            assertThat(model.report().state()).isEqualTo(new JobState.Completed());
            assertThat(other.cases().getFirst().state()).isEqualTo(new JobState.Completed());
            assertThat(ledger.job(model.job().word()).orElseThrow().status())
                    .isInstanceOfSatisfying(
                            JobRecord.Status.Closed.class,
                            closed -> assertThat(closed.end()).isEqualTo(JobEnd.COMPLETED));
            var payer = party.account().account();
            for (var stage : model.report().stages()) {
                assertThat(stage.paid()).isEqualTo(Amount.of(stage.units()));
                assertThat(ledger.redeemed(payer, stage.account())).isEqualTo(stage.paid());
                assertThat(other.receipts(model.job()))
                        .filteredOn(it -> it.message().payee().equals(stage.account()))
                        .singleElement()
                        .satisfies(it -> assertThat(it.message().units()).isEqualTo(stage.units()));
            }
            assertThat(List.of(first, second))
                    .allSatisfy(it -> assertThat(it.worker().stints()).isEmpty());
            lab.assertNothingIsLeft();
        }
    }

    @Test
    void a_validator_without_a_ledger_finds_workers_that_another_ones_ledger_pays()
            throws Exception {
        try (var lab = new Lab(folder, Patience.enough())) {
            var matching = lab.validator(); // is asked first
            var ledger = lab.ledger();
            var worker = lab.worker(Lab.MEMORY_BYTES, Amount.of(1), cashier(ledger));
            var party = lab.party();
            var options =
                    JobOptions.training().batch(4, 16).microBatches(2).maxPrice(Amount.of(10_000));
            var model = lab.user(party).create(Lab.model(), options, JobListener.silent());
            step(model, model.optimizer(AdamW.lr(1e-2)), 1);
            model.close();

            var paid = ledger.redeemed(party.account().account(), payee(worker));
            assertThat(matching.cases()).hasSize(1);
            assertThat(paid).isEqualTo(Amount.of(4 * 16 * 3 * 3));
            lab.assertNothingIsLeft();
        }
    }

    private static Account payee(Lab.LabWorker worker) {
        return worker.party().account().account();
    }

    private static Worker.Cashier cashier(Ledger ledger) {
        return (vouchers, _) ->
                assertThat(ledger.redeem(vouchers)).isNotInstanceOf(Outcome.Rejected.class);
    }

    private static void step(DistributedModel model, DistributedOptimizer optimizer, long seed)
            throws IOException, InterruptedException {
        var batch = Lab.batch(seed);
        optimizer.zeroGrad();
        model.forward(batch.inputs(), batch.labels()).backward();
        optimizer.step();
    }

    @Test
    void a_job_whose_end_its_validator_does_not_hear_is_closed_by_another() throws Exception {
        try (var lab = new Lab(folder, Patience.enough())) {
            var ledger = lab.ledger();
            var other = lab.otherValidator();
            lab.worker();
            var user = lab.user();
            var model =
                    user.create(
                            Lab.model(), JobOptions.training().batch(4, 16), JobListener.silent());
            step(model, model.optimizer(AdamW.lr(1e-2)), 1);

            lab.killFirstValidator();
            model.close();

            assertThat(other.cases().getFirst().state()).isEqualTo(new JobState.Completed());
            assertThat(ledger.job(model.job().word()).orElseThrow().status())
                    .isInstanceOf(JobRecord.Status.Closed.class);
            lab.assertNothingIsLeft();
        }
    }

    @Test
    void a_worker_that_user_and_validator_both_miss_is_replaced_before_the_user_alone_would()
            throws Exception {
        try (var lab = new Lab(folder, Patience.enough().silence(Duration.ofSeconds(8)))) {
            lab.validator();
            var beats = new Slot<Boolean>();
            ScriptedWorker.accepting(
                    lab,
                    control -> {
                        control.run();
                        beats.fill(true);
                        new Slot<Boolean>().await(); // frozen, until the host ends
                    });
            var user = lab.user();
            var warnings = new CopyOnWriteArrayList<String>();
            var listener =
                    new JobListener() {
                        @Override
                        public void warned(String warning) {
                            warnings.add(warning);
                        }
                    };
            var model = user.create(Lab.model(), JobOptions.training().batch(4, 16), listener);
            beats.await();
            var spare = lab.worker();

            step(model, model.optimizer(AdamW.lr(1e-2)), 1);

            assertThat(warnings)
                    .anySatisfy(it ->
                            assertThat(it)
                                    .contains("its validator misses it too")
                                    .contains(spare.party().id().shortText() + " has room"));
            model.close();
        }
    }

    @Test
    void a_worker_that_only_the_validator_misses_is_left_alone() throws Exception {
        try (var lab = new Lab(folder, Patience.enough().silence(Duration.ofSeconds(3)))) {
            var validator = lab.validatorParty();
            // Scripted ones answer the user's beats and not the validator's.
            ScriptedWorker.accepting(
                    lab,
                    control -> {
                        control.run();
                        control.onlyBeat();
                    });
            var party = lab.party();
            var user = lab.user(party);
            var model =
                    user.create(
                            Lab.model(), JobOptions.training().batch(4, 16), JobListener.silent());
            lab.worker();

            var question = new Question.AskStatus(model.job());
            Eventually.until(
                    () -> "the validator misses it", () -> isMissed(party, validator, question));
            long missed = lab.scheduler().nanoTime();
            var beats = lab.limits().beatInterval().multipliedBy(5).toNanos();
            Eventually.until(
                    () -> "the user has asked again",
                    () -> lab.scheduler().nanoTime() - missed > beats);

            assertThat(model.report().state()).isEqualTo(new JobState.Running());
            assertThat(model.report().stages())
                    .extracting(JobReport.StageReport::worker)
                    .hasSize(1);
            model.cancel("enough");
        }
    }

    private static boolean isMissed(Party user, Party validator, Question question) {
        try {
            return new Asker(user)
                            .ask(
                                    validator.id(),
                                    question,
                                    Duration.ofSeconds(5),
                                    Answer.StatusTold.class)
                            .status()
                            .lost()
                            .size()
                    == 1;
        } catch (IOException | InterruptedException wrong) {
            throw new IllegalStateException(wrong);
        }
    }
}
