package tensorlink.jobs.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tensorlink.compute.optim.AdamW;
import tensorlink.compute.optim.Update;
import tensorlink.compute.tensor.DType;
import tensorlink.compute.tensor.Shape;
import tensorlink.compute.tensor.Tensor;
import tensorlink.jobs.job.JobException;
import tensorlink.jobs.job.JobId;
import tensorlink.jobs.job.Problem;
import tensorlink.jobs.job.ProblemCode;
import tensorlink.jobs.job.Purpose;
import tensorlink.jobs.lab.Lab;
import tensorlink.jobs.lab.Patience;
import tensorlink.jobs.lab.ScriptedUser;
import tensorlink.jobs.market.Admission;
import tensorlink.jobs.message.BatchWork;
import tensorlink.jobs.message.Command;
import tensorlink.jobs.message.FrameStream;
import tensorlink.jobs.message.Hello;
import tensorlink.jobs.message.Manifest;
import tensorlink.jobs.message.Report;
import tensorlink.jobs.message.TensorFrame;
import tensorlink.jobs.message.WeightsQuestion;
import tensorlink.jobs.pipeline.Slot;
import tensorlink.jobs.weights.WeightsClient;
import tensorlink.jobs.weights.WeightsServer;
import tensorlink.ledger.AccountKey;
import tensorlink.ledger.Amount;
import tensorlink.ledger.Bytes32;
import tensorlink.ledger.Signed;
import tensorlink.ledger.Voucher;
import tensorlink.p2p.Eventually;
import tensorlink.p2p.peer.PeerId;

/** A real worker, and users, neighbours and strangers that do not behave. */
@Timeout(60)
class WorkerTest {
    private static final BatchWork EVALUATE =
            new BatchWork(BatchWork.Mode.EVALUATE, 1, false, 15, 0, 0, null);
    private static final BatchWork TRAIN =
            new BatchWork(BatchWork.Mode.TRAIN, 1, true, 15, 0, 0, null);

    @TempDir private Path folder;
    private Lab lab;
    private Lab.LabWorker worker;

    @BeforeEach
    void open() throws Exception {
        with(Patience.enough());
    }

    @AfterEach
    void close() throws Exception {
        lab.close();
    }

    private void with(Patience patience) throws IOException, InterruptedException {
        if (lab != null) {
            lab.close();
        }
        lab = new Lab(folder.resolve(patience.limits().hashCode() + ""), patience);
        worker = lab.worker();
    }

    /** Asserts that the worker says what is wrong, frees everything, and can take the next job. */
    private Problem failed(ScriptedUser user) throws IOException, InterruptedException {
        var report = user.hear();
        assertThat(report).isInstanceOf(Report.Failed.class);
        nextJobRuns();
        return ((Report.Failed) report).problem();
    }

    private void nextJobRuns() throws IOException, InterruptedException {
        Eventually.until("the job is gone", () -> worker.worker().stints().isEmpty());
        var next = ScriptedUser.alone(lab, worker);
        var streams = next.linked();
        streams.getFirst().send(input(1, EVALUATE));
        streams.getLast().send(labels(1));
        assertThat(streams.getLast().receive()).isInstanceOf(TensorFrame.Loss.class);
        next.say(new Command.Close("completed", ""));
        assertThat(next.hear()).isInstanceOf(Report.Receipt.class);
        assertThat(next.hear()).isInstanceOf(Report.Closed.class);
        lab.assertNothingIsLeft();
    }

    private static TensorFrame.Activation input(long batch, BatchWork work) {
        return new TensorFrame.Activation(batch, 0, work, tokens(1, 16));
    }

    private static TensorFrame.Labels labels(long batch) {
        return new TensorFrame.Labels(batch, 0, tokens(1, 16));
    }

    private static Tensor tokens(int rows, int length) {
        return Tensor.allocate(DType.I64, Shape.of(rows, length));
    }

    // Strangers.

    @Test
    void a_stranger_cannot_take_up_somebody_elses_job() throws Exception {
        var user = ScriptedUser.alone(lab, worker);
        user.offer();
        var stranger = lab.party();
        stranger.host().peers().add(worker.party().host().info());

        var stream = stranger.host().open(worker.party().id(), stranger.protocols().control());
        var agreement = user.agreement();
        var signature = stranger.account().sign(agreement.digest(stranger.domain()));
        stream.writeMessage(new Command.Open(user.job(), agreement, signature).encode());

        assertThatThrownBy(() -> stream.readMessage(Report.BYTES_MAX))
                .isInstanceOf(IOException.class);
        assertThat(user.open(user.agreement())).isInstanceOf(Report.Opened.class);
    }

    @Test
    void a_job_is_taken_up_once() throws Exception {
        var user = ScriptedUser.alone(lab, worker).engage();
        var first = user.control();

        assertThatThrownBy(() -> user.open(user.agreement())).isInstanceOf(IOException.class);

        first.writeMessage(new Command.Close("cancelled", "").encode());
        Eventually.until("the job is gone", () -> worker.worker().stints().isEmpty());
        lab.assertNothingIsLeft();
    }

    @Test
    void a_job_that_was_never_offered_cannot_be_taken_up() throws Exception {
        var user = ScriptedUser.alone(lab, worker);
        user.party().host().peers().add(worker.party().host().info());

        assertThatThrownBy(() -> user.open(user.agreement())).isInstanceOf(IOException.class);
    }

    @Test
    void a_stranger_cannot_join_the_stages_of_a_job() throws Exception {
        var user = ScriptedUser.alone(lab, worker);
        var streams = user.linked();
        var stranger = lab.party();

        for (var role : Hello.Role.values()) {
            assertThatThrownBy(() -> user.rawStage(stranger, new Hello(user.job(), 0, role)))
                    .isInstanceOf(JobException.class)
                    .hasMessageContaining("TL-SEC-003")
                    .hasMessageContaining("is not the " + role + " of stage 0");
        }

        streams.getFirst().send(input(1, EVALUATE));
        streams.getLast().send(labels(1));
        assertThat(streams.getLast().receive()).isInstanceOf(TensorFrame.Loss.class);
    }

    @Test
    void a_stage_stream_of_a_wrong_stage_or_role_is_refused() throws Exception {
        var user = ScriptedUser.beside(lab, worker, 0).loaded();

        assertThatThrownBy(() -> user.stage(1, Hello.Role.INPUT))
                .hasMessageContaining("is not the INPUT of stage 1");
        assertThatThrownBy(() -> user.stage(0, Hello.Role.OUTPUT))
                .hasMessageContaining("is not the OUTPUT of stage 0");
        assertThatThrownBy(() -> user.stage(0, Hello.Role.TIED))
                .hasMessageContaining("is not the TIED of stage 0");
    }

    @Test
    void a_stage_stream_of_an_unknown_job_is_refused() throws Exception {
        var user = ScriptedUser.alone(lab, worker);

        assertThatThrownBy(() -> user.stage(0, Hello.Role.INPUT))
                .isInstanceOf(JobException.class)
                .hasMessageContaining("TL-JOB-009")
                .hasMessageContaining("is not here");
    }

    @Test
    void a_stage_stream_before_the_weights_is_refused() throws Exception {
        var user = ScriptedUser.alone(lab, worker).engage();

        assertThatThrownBy(() -> user.stage(0, Hello.Role.INPUT))
                .hasMessageContaining("not ready for streams");
    }

    @Test
    void a_second_stream_of_the_same_role_is_refused_and_the_first_goes_on() throws Exception {
        var user = ScriptedUser.alone(lab, worker);
        var streams = user.linked();

        assertThatThrownBy(() -> user.stage(0, Hello.Role.INPUT))
                .isInstanceOf(JobException.class)
                .hasMessageContaining("the INPUT stream of stage 0 is here already");

        streams.getFirst().send(input(1, EVALUATE));
        streams.getLast().send(labels(1));
        assertThat(streams.getLast().receive()).isInstanceOf(TensorFrame.Loss.class);
    }

    // Offers.

    @Test
    void declines_what_it_has_no_memory_for() throws Exception {
        var small = lab.worker(1000, Amount.ZERO, (_, _) -> {});
        var user = ScriptedUser.alone(lab, small);

        var declined = (Admission.Declined) user.offer();

        assertThat(declined.reason()).isEqualTo(Admission.Reason.NO_MEMORY);
        assertThat(declined.detail()).contains("1000 are free");
    }

    @Test
    void declines_the_same_job_twice_and_keeps_the_first() throws Exception {
        var user = ScriptedUser.alone(lab, worker);
        user.offer();
        long booked = worker.worker().capability().freeBytes();

        assertThat(user.offer()).isInstanceOf(Admission.Declined.class);

        assertThat(worker.worker().capability().freeBytes()).isEqualTo(booked);
        assertThat(worker.worker().stints()).hasSize(1);
    }

    @Test
    void one_user_can_hold_memory_of_four_offers_and_no_more() throws Exception {
        var party = lab.party();
        var layers = List.of(Lab.model().config().allLayers());
        var offers = new ArrayList<Admission>();

        for (int i = 0; i < 5; i++) {
            var user = new ScriptedUser(party, worker, Lab.model(), Purpose.TRAINING, layers, 0);
            offers.add(user.offer());
            party.host().unhandle(party.protocols().weights());
        }

        assertThat(offers.subList(0, 4)).hasOnlyElementsOfType(Admission.Accepted.class);
        assertThat(offers.getLast())
                .isEqualTo(
                        new Admission.Declined(
                                Admission.Reason.NO_MEMORY,
                                "4 offers wait here for the same user already"));
        assertThat(ScriptedUser.alone(lab, worker).offer()).isInstanceOf(Admission.Accepted.class);
    }

    @Test
    void a_worker_that_is_stopping_declines_and_frees_what_it_had() throws Exception {
        var user = ScriptedUser.alone(lab, worker).loaded();
        worker.worker().close();

        var failed = (Report.Failed) user.hear();

        assertThat(failed.problem().why()).isEqualTo("the worker is stopping");
        assertThat(ScriptedUser.alone(lab, worker).offer())
                .isEqualTo(
                        new Admission.Declined(
                                Admission.Reason.STOPPING, "this worker is stopping"));
        assertThat(worker.worker().stints()).isEmpty();
    }

    @Test
    void memory_is_given_back_when_the_user_does_not_come() throws Exception {
        with(Patience.enough().reservation(Duration.ofMillis(200)));
        ScriptedUser.alone(lab, worker).offer();
        assertThat(worker.worker().stints()).hasSize(1);

        nextJobRuns();
    }

    // The agreement.

    @Test
    void an_agreement_that_is_not_what_was_offered_is_refused_with_its_field() throws Exception {
        var user = ScriptedUser.alone(lab, worker);
        user.offer();
        var good = user.agreement();
        var other =
                new tensorlink.ledger.Agreement(
                        good.jobId(),
                        good.payer(),
                        good.payee(),
                        good.maxPrice(),
                        good.unitPrice(),
                        Bytes32.keccak("banana"),
                        good.start(),
                        good.deadline(),
                        good.specHash(),
                        good.arbiter(),
                        good.salt());

        var failed = (Report.Failed) user.open(other);

        assertThat(failed.problem().code()).isEqualTo(ProblemCode.REFUSED);
        assertThat(failed.problem().why()).startsWith("agreement: unit is ");
        nextJobRuns();
    }

    // The control stream.

    @Test
    void a_command_that_is_no_message_ends_the_job() throws Exception {
        var user = ScriptedUser.alone(lab, worker).engage();

        user.control().writeMessage(ByteString.copyFromUtf8("nonsense"));

        var problem = failed(user);
        assertThat(problem.code()).isEqualTo(ProblemCode.MALFORMED);
        assertThat(problem.why()).contains("command is malformed");
    }

    @Test
    void a_command_larger_than_allowed_ends_the_job_before_it_is_read() throws Exception {
        var user = ScriptedUser.alone(lab, worker).engage();

        user.control().write(MemorySegment.ofArray(new byte[] {-1, -1, -1, -1, 7}));

        var problem = failed(user);
        assertThat(problem.code()).isEqualTo(ProblemCode.MALFORMED);
        assertThat(problem.why())
                .contains("message of 2147483647 bytes, limit " + Command.BYTES_MAX);
    }

    @Test
    void a_command_cut_short_ends_the_job() throws Exception {
        var user = ScriptedUser.alone(lab, worker).engage();

        user.control().write(MemorySegment.ofArray(new byte[] {100, 1, 2, 3}));
        user.control().closeWrite();

        assertThat(failed(user).code()).isEqualTo(ProblemCode.USER_LOST);
    }

    @Test
    void commands_out_of_turn_end_the_job() throws Exception {
        for (var command :
                new Command[] {
                    new Command.Link(),
                    new Command.Prepare(1, 0),
                    new Command.Commit(1, Update.of(AdamW.lr(1))),
                    new Command.Digests(1),
                    new Command.Settle(0)
                }) {
            var user = ScriptedUser.alone(lab, worker).engage();

            user.say(command);

            var report = (Report.Failed) user.hear();
            assertThat(report.problem().code()).as("%s", command).isEqualTo(ProblemCode.MALFORMED);
            assertThat(report.problem().why()).contains("not l");
            Eventually.until("the job is gone", () -> worker.worker().stints().isEmpty());
        }
        nextJobRuns();
    }

    @Test
    void the_weights_are_loaded_once() throws Exception {
        var user = ScriptedUser.alone(lab, worker).loaded();

        user.say(user.load());

        assertThat(failed(user).why()).contains("is loading and cannot become loading");
    }

    @Test
    void another_model_than_the_one_agreed_is_not_loaded() throws Exception {
        var user = ScriptedUser.alone(lab, worker).engage();
        var load = user.load();

        user.say(
                new Command.Load(
                        load.config(),
                        new Manifest(load.manifest().tensors().reversed()),
                        load.stage(),
                        load.route(),
                        0,
                        Optional.empty()));

        assertThat(failed(user).why()).isEqualTo("load: the model is not the one agreed");
    }

    @Test
    void a_commit_of_a_step_that_was_not_prepared_ends_the_job() throws Exception {
        var user = ScriptedUser.alone(lab, worker);
        user.linked();

        user.say(new Command.Commit(2, Update.of(AdamW.lr(1))));

        assertThat(failed(user).code()).isEqualTo(ProblemCode.MALFORMED);
    }

    @Test
    void a_user_that_falls_silent_is_lost() throws Exception {
        with(Patience.enough().silence(Duration.ofMillis(500)));
        var user = ScriptedUser.alone(lab, worker).engage();

        var problem = ((Report.Failed) user.hear()).problem();

        assertThat(problem.code()).isEqualTo(ProblemCode.USER_LOST);
        Eventually.until("the job is gone", () -> worker.worker().stints().isEmpty());
        lab.assertNothingIsLeft();
    }

    @Test
    void a_user_that_vanishes_leaves_nothing_behind_wherever_the_job_was() throws Exception {
        var reached = lab.party();
        var engaged = ScriptedUser.alone(lab, worker).engage();
        var loaded = ScriptedUser.alone(lab, worker).loaded();
        var linked = ScriptedUser.alone(lab, worker);
        linked.linked();
        var waiting = ScriptedUser.alone(lab, worker);
        waiting.linked().getFirst().send(input(1, TRAIN));
        var half = ScriptedUser.beside(lab, worker, 1);
        half.linked();
        assertThat(worker.worker().stints()).hasSize(5);

        reached.host().close();
        for (var user : new ScriptedUser[] {engaged, loaded, linked, waiting, half}) {
            user.party().host().close();
        }

        nextJobRuns();
    }

    @Test
    void a_user_that_vanishes_while_its_weights_are_fetched_leaves_nothing_behind()
            throws Exception {
        with(Patience.enough().load(Duration.ofMinutes(5)));
        var user = ScriptedUser.alone(lab, worker).engage();
        var asked = new Slot<Boolean>();
        user.serveWeights(new Stalling(asked));
        user.say(user.load());
        asked.await();

        user.control().reset();

        nextJobRuns();
    }

    @Test
    void a_worker_that_stops_while_it_fetches_weights_leaves_nothing_behind() throws Exception {
        with(Patience.enough().load(Duration.ofMinutes(5)));
        var user = ScriptedUser.alone(lab, worker).engage();
        var asked = new Slot<Boolean>();
        user.serveWeights(new Stalling(asked));
        user.say(user.load());
        asked.await();

        worker.worker().close();

        assertThat(worker.worker().stints()).isEmpty();
        Eventually.until(
                () -> "the threads end: " + lab.scheduler().alive(),
                () -> lab.scheduler().alive().isEmpty());
    }

    /** Weights whose bytes do not come. */
    private record Stalling(Slot<Boolean> asked) implements WeightsServer.Source {
        @Override
        public boolean admits(PeerId peer, String tensor) {
            return true;
        }

        @Override
        public Optional<WeightsServer.Content> open(WeightsQuestion.What what, String tensor)
                throws JobException, InterruptedException {
            asked.fill(true);
            new Slot<Boolean>().await();
            return Optional.empty();
        }
    }

    @Test
    void user_weights_that_stop_coming_are_late_after_the_load_silence() throws Exception {
        with(Patience.enough().load(Duration.ofMillis(400)));
        var user = ScriptedUser.alone(lab, worker).engage();
        user.serveWeights(new Stalling(new Slot<>()));

        user.say(user.load());

        assertThat(failed(user).what()).isEqualTo("command not obeyed");
    }

    @Test
    void weights_that_are_not_those_agreed_are_refused_by_their_digest() throws Exception {
        var user = ScriptedUser.alone(lab, worker).engage();
        user.serveWeights(new ScriptedUser.Source(Lab.model(6)));

        user.say(user.load());

        var problem = failed(user);
        assertThat(problem.code()).isEqualTo(ProblemCode.WEIGHTS);
        assertThat(problem.what()).contains("is not loaded");
        assertThat(problem.why()).contains("hash to").contains("agreed was");
    }

    @Test
    void a_neighbour_that_does_not_connect_is_late_after_the_link_timeout() throws Exception {
        with(Patience.enough().link(Duration.ofMillis(300)));
        var user = ScriptedUser.alone(lab, worker).loaded();

        user.say(new Command.Link());

        var problem = failed(user);
        assertThat(problem.code()).isEqualTo(ProblemCode.NOT_READY);
        assertThat(problem.why()).isEqualTo("its INPUT stream did not come within PT0.3S");
    }

    @Test
    void a_neighbour_that_cannot_be_reached_fails_the_job_and_leaves_nothing() throws Exception {
        var user = ScriptedUser.beside(lab, worker, 0).loaded();

        user.say(new Command.Link());

        var problem = failed(user);
        assertThat(problem.code()).isEqualTo(ProblemCode.NOT_READY);
        assertThat(problem.what()).isEqualTo("stage 0 cannot reach stage 1");
    }

    @Test
    void a_stage_that_cannot_be_linked_leaves_the_neighbour_it_has_reached() throws Exception {
        with(Patience.enough().link(Duration.ofMillis(300)));
        var user = ScriptedUser.beside(lab, worker, 0);
        var left = new Slot<Boolean>();
        user.party()
                .host()
                .handle(
                        user.party().protocols().stage(),
                        stream -> {
                            Hello.decode(stream.readMessage(Hello.BYTES_MAX));
                            stream.writeMessage(Hello.encodeAnswer(null));
                            left.fill(stream.nextMessage(1).isEmpty());
                        });
        user.loaded();

        user.say(new Command.Link());

        assertThat(failed(user).why()).contains("INPUT stream did not come within PT0.3S");
        assertThat(left.await()).isTrue();
    }

    // Frames.

    private Problem afterInput(TensorFrame frame) throws IOException, InterruptedException {
        var user = ScriptedUser.alone(lab, worker);
        user.linked().getFirst().send(frame);
        return failed(user);
    }

    @Test
    void activations_of_another_shape_or_type_fail_the_job() throws Exception {
        assertThat(afterInput(new TensorFrame.Activation(1, 0, EVALUATE, tokens(3, 10))).why())
                .isEqualTo("batch: 1 x [3, 10], agreed were 2 x 2 x 16");
        assertThat(afterInput(new TensorFrame.Activation(1, 0, EVALUATE, tokens(1, 17))).why())
                .isEqualTo("batch: 1 x [1, 17], agreed were 2 x 2 x 16");
        var floats = Tensor.allocate(DType.F32, Shape.of(1, 16));
        assertThat(afterInput(new TensorFrame.Activation(1, 0, EVALUATE, floats)).why())
                .isEqualTo("activation: F32 [1, 16], expected I64 [rows, length]");
    }

    @Test
    void a_tensor_larger_than_the_job_is_refused_before_memory_is_taken() throws Exception {
        var large = new TensorFrame.Activation(1, 0, EVALUATE, tokens(3, 11));

        assertThat(afterInput(large).why()).isEqualTo("tensor: I64 [3, 11], limit 256 bytes");
    }

    @Test
    void more_micro_batches_than_agreed_fail_the_job() throws Exception {
        var work = new BatchWork(BatchWork.Mode.EVALUATE, 3, false, 15, 0, 0, null);

        assertThat(afterInput(input(1, work)).why())
                .isEqualTo("batch: 3 x [1, 16], agreed were 2 x 2 x 16");
    }

    @Test
    void a_frame_of_another_kind_fails_the_job() throws Exception {
        assertThat(afterInput(labels(1)).why()).isEqualTo("frame: Labels, expected an activation");
    }

    @Test
    void a_token_outside_of_the_vocabulary_fails_the_job() throws Exception {
        var user = ScriptedUser.alone(lab, worker);
        var streams = user.linked();
        var tokens = Tensor.ofLongs(Shape.of(1, 2), 1, 256);
        streams.getLast().send(new TensorFrame.Labels(1, 0, Tensor.ofLongs(Shape.of(1, 2), 1, 2)));
        streams.getFirst().send(new TensorFrame.Activation(1, 0, EVALUATE, tokens));

        var problem = failed(user);

        assertThat(problem.code()).isEqualTo(ProblemCode.MALFORMED);
        assertThat(problem.why()).contains("256");
    }

    @Test
    void labels_of_another_shape_fail_the_job() throws Exception {
        var user = ScriptedUser.alone(lab, worker);
        var streams = user.linked();
        streams.getLast().send(new TensorFrame.Labels(1, 0, tokens(1, 15)));
        streams.getFirst().send(input(1, TRAIN));

        assertThat(failed(user).why()).startsWith("labels: I64 [1, 15] for micro-batch 0");
    }

    @Test
    void a_header_or_a_tensor_cut_short_fails_the_job() throws Exception {
        var user = ScriptedUser.alone(lab, worker).loaded();
        user.say(new Command.Link());
        var input = user.rawStage(user.party(), new Hello(user.job(), 0, Hello.Role.INPUT));
        user.stage(0, Hello.Role.OUTPUT);
        user.hear();

        input.write(MemorySegment.ofArray(new byte[] {50, 1, 2}));
        input.closeWrite();

        assertThat(failed(user).why()).isEqualTo("frame header: the stream ended within it");
    }

    @Test
    void a_header_larger_than_allowed_fails_the_job() throws Exception {
        var user = ScriptedUser.alone(lab, worker).loaded();
        user.say(new Command.Link());
        var input = user.rawStage(user.party(), new Hello(user.job(), 0, Hello.Role.INPUT));
        user.stage(0, Hello.Role.OUTPUT);
        user.hear();

        input.writeMessage(ByteString.copyFrom(new byte[FrameStream.HEADER_BYTES_MAX + 1]));

        assertThat(failed(user).why()).contains("message of 257 bytes, limit 256");
    }

    @Test
    void training_in_a_job_for_inference_fails_the_job() throws Exception {
        var model = Lab.model();
        var user =
                new ScriptedUser(
                        lab.party(),
                        worker,
                        model,
                        tensorlink.jobs.job.Purpose.INFERENCE,
                        java.util.List.of(model.config().allLayers()),
                        0);
        user.linked().getFirst().send(input(1, TRAIN));

        assertThat(failed(user).why()).contains("not opened for training");
    }

    // Weights and money.

    @Test
    void weights_are_read_within_a_known_tensor_by_the_jobs_user_only() throws Exception {
        var user = ScriptedUser.alone(lab, worker).loaded();
        var name = "model.norm.weight";
        try (var tensor = Tensor.allocate(DType.F32, Shape.of(33))) {
            refuses(user, user.party(), "no.such.tensor", 0, tensor, "which is not here");
            refuses(user, user.party(), name, 0, tensor, "which has 128 bytes");
            refuses(user, user.party(), name, Long.MAX_VALUE, tensor, "which has 128 bytes");
            refuses(user, lab.party(), name, 0, tensor, "TL-SEC-003");
        }
        user.say(new Command.Close("completed", ""));
        assertThat(user.hear()).isInstanceOf(Report.Closed.class);
        nextJobRuns();
    }

    private void refuses(
            ScriptedUser user,
            tensorlink.jobs.party.Party from,
            String name,
            long offset,
            Tensor target,
            String why)
            throws IOException, InterruptedException {
        from.host().peers().add(worker.party().host().info());
        try (var client =
                WeightsClient.open(
                        from.host(),
                        from.protocols(),
                        worker.party().id(),
                        user.job(),
                        Duration.ofSeconds(10))) {
            assertThatThrownBy(() ->
                            client.read(
                                    WeightsQuestion.What.PARAMETER, name, offset, target.data()))
                    .isInstanceOf(JobException.class)
                    .hasMessageContaining(why);
        }
    }

    @Test
    void a_voucher_for_somebody_else_is_not_accepted() throws Exception {
        var user = ScriptedUser.alone(lab, worker).engage();
        pay(user, user.party().account(), lab.party().account());

        var problem = failed(user);
        assertThat(problem.code()).isEqualTo(ProblemCode.PAYMENT);
        assertThat(problem.why()).contains("it is for").contains("not for");
    }

    @Test
    void a_voucher_of_somebody_else_is_not_accepted() throws Exception {
        var user = ScriptedUser.alone(lab, worker).engage();
        pay(user, lab.party().account(), worker.party().account());

        var problem = failed(user);
        assertThat(problem.code()).isEqualTo(ProblemCode.PAYMENT);
        assertThat(problem.why()).contains("payer is another");
    }

    @Test
    void a_user_who_stops_paying_is_told_why_and_loses_nobody_else_anything() throws Exception {
        var price = Amount.of(1);
        var redeemed = new ArrayList<Signed<Voucher>>();
        var paid = lab.worker(Lab.MEMORY_BYTES, price, (vouchers, _) -> redeemed.addAll(vouchers));
        var debtor = ScriptedUser.paying(lab.party(), paid, price);
        var payer = debtor.party().account();
        // So much is owed from before that five batches of 48 units are more than credit.
        var before = new JobId(Bytes32.keccak("before"));
        long owed = CreditBook.ACCOUNT_UNITS_MAX - 200;
        paid.worker().credit().owes(before, payer.account(), owed);
        var other = ScriptedUser.paying(lab.party(), paid, price);
        var others = other.linked();

        var streams = debtor.linked();
        pay(debtor, payer, paid.party().account());
        for (int batch = 1; batch <= 5; batch++) {
            streams.getFirst().send(input(batch, EVALUATE));
            streams.getLast().send(labels(batch));
            assertThat(streams.getLast().receive()).isInstanceOf(TensorFrame.Loss.class);
        }
        for (int beat = 1; beat <= 5; beat++) {
            debtor.say(new Command.Beat(beat));
        }

        assertThat(debtor.hear())
                .isInstanceOfSatisfying(
                        Report.Receipt.class,
                        it -> assertThat(it.receipt().message().units()).isEqualTo(5 * 16 * 3));
        assertThat(debtor.hear())
                .isInstanceOfSatisfying(
                        Report.Failed.class,
                        it -> {
                            assertThat(it.problem().code()).isEqualTo(ProblemCode.PAYMENT);
                            assertThat(it.problem().why())
                                    .isEqualTo("no voucher has come for 240 units of work");
                        });
        Eventually.until("the promise is redeemed", () -> !redeemed.isEmpty());
        assertThat(redeemed)
                .singleElement()
                .satisfies(it -> assertThat(it.message().cumulative()).isEqualTo(Amount.of(5)));
        debtor.party().host().unhandle(debtor.party().protocols().weights());
        assertThat(ScriptedUser.paying(debtor.party(), paid, price).offer())
                .isInstanceOfSatisfying(
                        Admission.Declined.class,
                        it -> assertThat(it.detail()).contains("is not paid yet"));
        others.getFirst().send(input(1, EVALUATE));
        others.getLast().send(labels(1));
        assertThat(others.getLast().receive()).isInstanceOf(TensorFrame.Loss.class);
        paid.worker().close();
    }

    /** Pays 5 units in the name of {@code signer}. */
    private static void pay(ScriptedUser user, AccountKey signer, AccountKey payee)
            throws IOException, InterruptedException {
        var voucher =
                new Voucher(
                        signer.account(),
                        payee.account(),
                        Amount.of(5),
                        Instant.ofEpochSecond(Instant.now().getEpochSecond() + 1_000_000),
                        Bytes32.ZERO);
        user.say(new Command.Pay(signer.sign(user.party().domain(), voucher)));
    }
}
