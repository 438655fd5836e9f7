package tensorlink.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tensorlink.compute.Digest;
import tensorlink.compute.LocalRun;
import tensorlink.compute.StageOptions;
import tensorlink.compute.optim.AdamW;
import tensorlink.jobs.exchange.Asker;
import tensorlink.jobs.job.JobId;
import tensorlink.jobs.job.JobState;
import tensorlink.jobs.job.ProblemCode;
import tensorlink.jobs.lab.Lab;
import tensorlink.jobs.lab.Patience;
import tensorlink.jobs.lab.ScriptedUser;
import tensorlink.jobs.market.Admission;
import tensorlink.jobs.market.Usage;
import tensorlink.jobs.message.Answer;
import tensorlink.jobs.message.Command;
import tensorlink.jobs.message.Question;
import tensorlink.jobs.message.Report;
import tensorlink.jobs.party.Party;
import tensorlink.jobs.user.Purse;
import tensorlink.jobs.worker.Worker;
import tensorlink.ledger.Amount;
import tensorlink.p2p.Eventually;
import tensorlink.p2p.core.Connection;
import tensorlink.p2p.core.Stream;

/** Users that are lost for a while, and those who would like to be them. */
@Timeout(120)
final class GraceTest {
    private static final int STEPS = 5;
    private static final AdamW RULE = AdamW.lr(1e-2);
    private static final JobOptions OPTIONS =
            JobOptions.training().workers(2).batch(4, 16).microBatches(2);

    @TempDir private Path folder;
    private Lab lab;
    private final List<Recovered> recoveries = new ArrayList<>();
    private final JobListener heard =
            new JobListener() {
                @Override
                public void recovered(Recovered event) {
                    recoveries.add(event);
                }
            };

    @BeforeEach
    void open() throws Exception {
        lab = new Lab(folder.resolve("lab"), Patience.enough().grace(Duration.ofMinutes(2)));
    }

    private void with(Duration grace) throws Exception {
        lab.close();
        lab = new Lab(folder.resolve("other"), Patience.enough().grace(grace));
    }

    @AfterEach
    void close() throws IOException {
        lab.assertNothingIsLeft();
        lab.close();
    }

    private static Digest undisturbed(int steps) throws Exception {
        try (var alone = LocalRun.open(Lab.ENGINE, Lab.model(), 1, StageOptions.forTraining(1))) {
            for (int step = 1; step <= steps; step++) {
                alone.zeroGradients();
                alone.forwardBackward(Lab.batch(step), 2);
                alone.step(RULE);
            }
            return alone.weightsDigest();
        }
    }

    /** Where in the third step its user loses its connections. */
    enum Point {
        ZEROED,
        FORWARD_SENT,
        LOSS_KNOWN,
        BACKWARD_SENT,
        STEPPED
    }

    private static void cut(Party user) {
        user.host().connections().forEach(Connection::close);
    }

    private static void train(DistributedModel model, Party user, Point cut) throws Exception {
        var optimizer = model.optimizer(RULE);
        for (int step = 1; step <= STEPS; step++) {
            var batch = Lab.batch(step);
            var here = step == 3 ? cut : null;
            optimizer.zeroGrad();
            cutAt(user, here, Point.ZEROED);
            var loss = model.forward(batch.inputs(), batch.labels());
            if (here == Point.LOSS_KNOWN) {
                assertThat(loss.value()).isPositive();
                cut(user);
            }
            if (here == Point.FORWARD_SENT) {
                loss.backward();
                cut(user);
                assertThat(loss.value()).isPositive();
            } else {
                loss.backward();
            }
            cutAt(user, here, Point.BACKWARD_SENT);
            optimizer.step();
            cutAt(user, here, Point.STEPPED);
        }
    }

    private static void cutAt(Party user, @Nullable Point here, Point point) {
        if (here == point) {
            cut(user);
        }
    }

    private static List<JobId> held(Lab.LabWorker... workers) {
        return List.of(workers).stream()
                .flatMap(it -> it.worker().stints().stream().map(Worker.Stint::job))
                .toList();
    }

    @ParameterizedTest
    @EnumSource
    void a_user_that_is_cut_off_keeps_its_job_its_workers_and_every_bit(Point point)
            throws Exception {
        lab.validator();
        var first = lab.worker();
        var second = lab.worker();
        var party = lab.party();
        var user = lab.user(party);
        var model = user.create(Lab.model(), OPTIONS, heard);

        train(model, party, point);
        var weights = model.weightsDigest();
        var jobs = held(first, second);
        model.close();

        assertThat(weights).isEqualTo(undisturbed(STEPS));
        assertThat(jobs).containsExactly(model.job(), model.job());
        assertThat(recoveries).hasSize(1);
        assertThat(recoveries.getFirst().job()).isEqualTo(model.job());
        assertThat(recoveries.getFirst().replayed()).isZero();
        assertThat(user.report(model.job()).orElseThrow().state())
                .isEqualTo(new JobState.Completed());
    }

    @Test
    void a_connection_to_one_worker_that_breaks_costs_no_job() throws Exception {
        lab.validator();
        var first = lab.worker();
        var second = lab.worker();
        var party = lab.party();
        var model = lab.user(party).create(Lab.model(), OPTIONS, heard);

        var optimizer = model.optimizer(RULE);
        for (int step = 1; step <= STEPS; step++) {
            optimizer.zeroGrad();
            var batch = Lab.batch(step);
            model.forward(batch.inputs(), batch.labels()).backward();
            party.host().connections().stream()
                    .filter(it -> it.remotePeer().equals(second.party().id()))
                    .forEach(Connection::close);
            optimizer.step();
        }
        var weights = model.weightsDigest();
        var jobs = held(first, second);
        model.close();

        assertThat(weights).isEqualTo(undisturbed(STEPS));
        assertThat(jobs).containsExactly(model.job(), model.job());
        assertThat(recoveries).isNotEmpty().allMatch(it -> it.job().equals(model.job()));
    }

    @Test
    void a_paid_job_goes_on_with_its_agreements_and_its_account() throws Exception {
        lab.ledger();
        lab.worker(Lab.MEMORY_BYTES, Amount.of(1), (_, _) -> {});
        var party = lab.party();
        var user = lab.user(party);
        var options = OPTIONS.workers(1).maxPrice(Amount.of(100_000));
        var model = user.create(Lab.model(), options, heard);

        train(model, party, Point.BACKWARD_SENT);
        model.close();

        var report = user.report(model.job()).orElseThrow();
        assertThat(report.state()).isEqualTo(new JobState.Completed());
        assertThat(recoveries).hasSize(1);
        // Five batches of 4 x 16 tokens through three layers, and what was begun twice.
        var units = report.stages().getFirst().units();
        assertThat(units).isGreaterThanOrEqualTo(5L * 64 * 3);
        assertThat(report.stages().getFirst().paid()).isEqualTo(Amount.of(units));
    }

    @Test
    void gradients_of_steps_before_are_not_guessed_the_job_then_begins_anew() throws Exception {
        lab.validator();
        lab.worker();
        lab.worker();
        var party = lab.party();
        var model = lab.user(party).create(Lab.model(), OPTIONS, heard);
        var optimizer = model.optimizer(RULE);

        for (int step = 1; step <= 3; step++) { // never zeroGrad
            var batch = Lab.batch(step);
            model.forward(batch.inputs(), batch.labels()).backward();
            if (step == 2) {
                cut(party);
            }
            optimizer.step();
        }
        var weights = model.weightsDigest();
        model.close();

        try (var alone = LocalRun.open(Lab.ENGINE, Lab.model(), 1, StageOptions.forTraining(1))) {
            for (int step = 1; step <= 3; step++) {
                alone.forwardBackward(Lab.batch(step), 2);
                alone.step(RULE);
            }
            assertThat(weights).isEqualTo(alone.weightsDigest());
        }
        assertThat(recoveries).hasSize(1);
        assertThat(recoveries.getFirst().job()).isNotEqualTo(model.job());
    }

    // A user whose process is lost, and another one that follows on it with what it has kept.

    private JobOptions kept() {
        return OPTIONS.keptIn(folder.resolve("training"));
    }

    /** A process that trains until it is lost: it has no time to say so, nor to go on. */
    private DistributedModel lostProcess(Party party, JobOptions options, Point point)
            throws Exception {
        var lost = lab.user(party).create(Lab.model(), options.patience(Duration.ZERO), heard);
        assertThatThrownBy(() -> train(lost, party, point)).isInstanceOf(IOException.class);
        party.host().unhandle(party.protocols().weights());
        return lost;
    }

    private static void goOn(DistributedModel model) throws Exception {
        var optimizer = model.optimizer(RULE);
        for (long step = optimizer.steps() + 1; step <= STEPS; step++) {
            var batch = Lab.batch(step);
            optimizer.zeroGrad();
            model.forward(batch.inputs(), batch.labels()).backward();
            optimizer.step();
        }
    }

    @ParameterizedTest
    @EnumSource
    void a_process_that_follows_on_a_lost_one_keeps_its_job_its_workers_and_every_bit(Point point)
            throws Exception {
        lab.validator();
        var first = lab.worker();
        var second = lab.worker();
        var party = lab.party();
        var lost = lostProcess(party, kept(), point);

        var user = lab.user(party);
        var model = user.create(Lab.model(), kept(), heard);
        var jobs = held(first, second);
        var steps = model.optimizer(RULE).steps();
        goOn(model);
        var weights = model.weightsDigest();
        model.close();
        var state = user.report(model.job()).orElseThrow().state();
        lost.close();

        assertThat(model.job()).isEqualTo(lost.job());
        assertThat(jobs).containsExactly(model.job(), model.job());
        assertThat(steps).isEqualTo(point == Point.STEPPED ? 3 : 2);
        assertThat(weights).isEqualTo(undisturbed(STEPS));
        assertThat(recoveries).isEmpty();
        assertThat(state).isEqualTo(new JobState.Completed());
    }

    @Test
    void a_process_that_follows_on_a_lost_one_pays_each_unit_once() throws Exception {
        lab.ledger();
        lab.worker(Lab.MEMORY_BYTES, Amount.of(1), (_, _) -> {});
        var party = lab.party();
        var options = kept().workers(1).maxPrice(Amount.of(100_000));
        var lost = lostProcess(party, options, Point.BACKWARD_SENT);

        var user = lab.user(party);
        var model = user.create(Lab.model(), options, heard);
        goOn(model);
        model.close();
        var stage = user.report(model.job()).orElseThrow().stages().getFirst();
        var promised = Purse.open(lab.home(party).resolve("purse")).promised(stage.account());
        lost.close();

        assertThat(model.job()).isEqualTo(lost.job());
        // Five batches of 4 x 16 tokens, and the one that both processes have begun.
        long batch = Usage.training(64, Lab.model().architecture().allLayers());
        assertThat(stage.units()).isBetween(5 * batch, 6 * batch);
        assertThat(stage.paid()).isEqualTo(Amount.of(stage.units()));
        assertThat(promised).as("by both processes").isEqualTo(stage.paid());
    }

    @Test
    void gradients_that_a_lost_process_may_have_begun_are_not_added_to() throws Exception {
        lab.validator();
        lab.worker();
        lab.worker();
        var party = lab.party();
        var lost = lab.user(party).create(Lab.model(), kept().patience(Duration.ZERO), heard);
        var before = lost.optimizer(RULE);
        forwardBackward(lost, 1);
        before.step();
        forwardBackward(lost, 2); // never zeroGrad
        cut(party);
        party.host().unhandle(party.protocols().weights());

        var model = lab.user(party).create(Lab.model(), kept(), heard);
        var optimizer = model.optimizer(RULE);
        forwardBackward(model, 2);
        optimizer.step();
        var weights = model.weightsDigest();
        model.close();
        lost.close();

        try (var alone = LocalRun.open(Lab.ENGINE, Lab.model(), 1, StageOptions.forTraining(1))) {
            for (int step = 1; step <= 2; step++) {
                alone.forwardBackward(Lab.batch(step), 2);
                alone.step(RULE);
            }
            assertThat(weights).isEqualTo(alone.weightsDigest());
        }
        assertThat(model.job()).isEqualTo(lost.job());
        assertThat(recoveries).hasSize(1);
        assertThat(recoveries.getFirst().job()).isNotEqualTo(lost.job());
    }

    private static void forwardBackward(DistributedModel model, int step) throws Exception {
        var batch = Lab.batch(step);
        model.forward(batch.inputs(), batch.labels()).backward();
    }

    @Test
    void a_process_that_asks_for_something_else_has_what_is_held_for_the_lost_one_freed()
            throws Exception {
        lab.validator();
        var worker = lab.worker();
        var party = lab.party();
        var lost = lostProcess(party, kept().workers(1), Point.STEPPED);

        var model = lab.user(party).create(Lab.model(), kept().workers(1).batch(8, 16), heard);
        var jobs = held(worker);
        var steps = model.optimizer(RULE).steps();
        model.close();
        lost.close();

        assertThat(jobs).containsExactly(model.job());
        assertThat(model.job()).isNotEqualTo(lost.job());
        assertThat(steps).isEqualTo(3);
    }

    @Test
    void a_process_that_comes_when_nothing_is_held_begins_a_job_anew_with_every_bit()
            throws Exception {
        with(Duration.ZERO);
        lab.validator();
        lab.worker();
        lab.worker();
        var party = lab.party();
        var lost = lostProcess(party, kept(), Point.BACKWARD_SENT);

        var model = lab.user(party).create(Lab.model(), kept(), heard);
        goOn(model);
        var weights = model.weightsDigest();
        model.close();
        lost.close();

        assertThat(model.job()).isNotEqualTo(lost.job());
        assertThat(weights).isEqualTo(undisturbed(STEPS));
    }

    // The worker's side, with a user that follows a script.

    private static Stream come(Lab.LabWorker worker, Party party, JobId job) throws Exception {
        party.host().peers().add(worker.party().host().info());
        var stream = party.host().open(worker.party().id(), party.protocols().control());
        stream.timeout(Duration.ofSeconds(20));
        stream.writeMessage(new Command.Resume(job).encode());
        return stream;
    }

    private static Report answer(Stream stream) throws Exception {
        return Report.decode(stream.readMessage(Report.BYTES_MAX));
    }

    private static void leave(Lab.LabWorker worker, Stream stream) throws Exception {
        stream.writeMessage(new Command.Close("cancelled", "").encode());
        Eventually.until("the job ends", () -> worker.worker().stints().isEmpty());
    }

    @Test
    void a_stranger_cannot_take_a_job_that_is_held_for_its_user() throws Exception {
        var worker = lab.worker();
        var user = ScriptedUser.alone(lab, worker);
        user.linked();
        user.control().reset();

        var stranger = come(worker, lab.party(), user.job());

        assertThatThrownBy(() -> answer(stranger)).isInstanceOf(IOException.class);
        assertThat(held(worker)).containsExactly(user.job());
        var again = come(worker, user.party(), user.job());
        assertThat(answer(again)).isEqualTo(new Report.Resumed(0));
        leave(worker, again);
    }

    @Test
    void memory_that_is_held_is_nobody_elses_until_the_grace_is_over() throws Exception {
        with(Duration.ofSeconds(3));
        var measured = lab.worker();
        var first = offered(measured);
        long each = Lab.MEMORY_BYTES - measured.worker().capability().freeBytes();
        release(measured, first);
        var worker = lab.worker(2 * each + 1, Amount.ZERO, (_, _) -> {});
        var user = ScriptedUser.alone(lab, worker);
        user.linked();
        user.control().reset();

        var beside = offered(worker);
        assertThat(ScriptedUser.alone(lab, worker).offer())
                .isInstanceOfSatisfying(
                        Admission.Declined.class,
                        it -> assertThat(it.reason()).isEqualTo(Admission.Reason.NO_MEMORY));
        assertThat(held(worker)).contains(user.job());

        Eventually.until("the grace ends", () -> !held(worker).contains(user.job()));
        var next = offered(worker);
        var late = answer(come(worker, user.party(), user.job()));
        assertThat(late)
                .isInstanceOfSatisfying(
                        Report.Failed.class,
                        it -> assertThat(it.problem().code()).isEqualTo(ProblemCode.ENDED));
        release(worker, beside);
        release(worker, next);
    }

    /** Somebody for whom a worker keeps memory. */
    private ScriptedUser offered(Lab.LabWorker worker) throws Exception {
        var user = ScriptedUser.alone(lab, worker);
        assertThat(user.offer()).isInstanceOf(Admission.Accepted.class);
        return user;
    }

    private static void release(Lab.LabWorker worker, ScriptedUser user) throws Exception {
        new Asker(user.party())
                .ask(
                        worker.party().id(),
                        new Question.ReleaseOffer(user.job()),
                        Duration.ofSeconds(20),
                        Answer.Done.class);
    }

    @Test
    void a_user_that_comes_anew_takes_the_place_of_the_one_that_seems_to_be_there()
            throws Exception {
        var worker = lab.worker();
        var user = ScriptedUser.alone(lab, worker);
        user.linked();

        var again = come(worker, user.party(), user.job());

        assertThat(answer(again)).isEqualTo(new Report.Resumed(0));
        assertThatThrownBy(user::hear).isInstanceOf(IOException.class);
        assertThat(held(worker)).containsExactly(user.job());
        leave(worker, again);
    }

    @Test
    void a_job_that_does_not_run_yet_is_not_taken_up_again_and_goes_on() throws Exception {
        var worker = lab.worker();
        var user = ScriptedUser.alone(lab, worker);
        user.loaded();

        var early = answer(come(worker, user.party(), user.job()));

        assertThat(((Report.Failed) early).problem().code()).isEqualTo(ProblemCode.NOT_READY);
        user.say(new Command.Close("cancelled", ""));
        assertThat(user.hear()).isInstanceOf(Report.Closed.class);
    }
}
