package tensorlink.jobs.message;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tensorlink.compute.Digest;
import tensorlink.compute.LayerRange;
import tensorlink.compute.PreparedStep;
import tensorlink.compute.optim.Adafactor;
import tensorlink.compute.optim.Adagrad;
import tensorlink.compute.optim.Adam;
import tensorlink.compute.optim.AdamW;
import tensorlink.compute.optim.RmsProp;
import tensorlink.compute.optim.Sgd;
import tensorlink.compute.optim.Update;
import tensorlink.compute.tensor.CodecError;
import tensorlink.compute.tensor.DType;
import tensorlink.compute.tensor.Shape;
import tensorlink.compute.tensor.TensorSpec;
import tensorlink.jobs.job.JobId;
import tensorlink.jobs.job.JobState;
import tensorlink.jobs.job.Problem;
import tensorlink.jobs.job.ProblemCode;
import tensorlink.jobs.job.Publication;
import tensorlink.jobs.market.Admission;
import tensorlink.jobs.market.JobPlan;
import tensorlink.jobs.market.Link;
import tensorlink.jobs.market.StagePlan;
import tensorlink.ledger.Account;
import tensorlink.ledger.AccountKey;
import tensorlink.ledger.Agreement;
import tensorlink.ledger.Amount;
import tensorlink.ledger.Bytes32;
import tensorlink.ledger.Deposit;
import tensorlink.ledger.Dispute;
import tensorlink.ledger.Domain;
import tensorlink.ledger.JobClosing;
import tensorlink.ledger.JobEnd;
import tensorlink.ledger.JobOpening;
import tensorlink.ledger.Outcome;
import tensorlink.ledger.Rejection;
import tensorlink.ledger.Signed;
import tensorlink.ledger.SignedAgreement;
import tensorlink.ledger.UsageReceipt;
import tensorlink.ledger.Voucher;
import tensorlink.p2p.core.ProtocolViolation;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.PeerInfo;

/** What is sent is what arrives; what is cut short or made up is refused by name. */
class MessagesTest {
    private static final Domain DOMAIN = Domain.privateNetwork("lab");
    private static final AccountKey PAYER = AccountKey.generate(new Random(1));
    private static final AccountKey PAYEE = AccountKey.generate(new Random(2));
    private static final Bytes32 SALT = Bytes32.keccak("salt");
    private static final Bytes32 SPEC = Bytes32.keccak("spec");
    private static final JobId JOB = new JobId(JobOpening.jobId(SPEC, PAYER.account(), SALT));
    private static final Instant TIME = Instant.ofEpochSecond(1_800_000_000);
    private static final Digest DIGEST = Digest.of(new byte[] {7});
    private static final PeerInfo PEER =
            new PeerInfo(
                    KeyPair.generate().peerId(),
                    List.of(Multiaddr.parse("/ip4/127.0.0.1/tcp/4001")));
    private static final Problem PROBLEM =
            new Problem(ProblemCode.NO_CAPACITY, "what", "why", "now");
    private static final Agreement AGREEMENT =
            new Agreement(
                    JOB.word(),
                    PAYER.account(),
                    PAYEE.account(),
                    Amount.of(1000),
                    Amount.of(2),
                    Bytes32.keccak("token-layer"),
                    TIME,
                    TIME.plusSeconds(60),
                    SPEC,
                    Account.ZERO,
                    SALT);
    private static final StagePlan STAGE =
            new StagePlan(PEER, new LayerRange(0, 4), 99, PAYEE.account(), Amount.of(2));

    static Stream<Question> questions() {
        var digest = AGREEMENT.digest(DOMAIN);
        var signed = new SignedAgreement(AGREEMENT, PAYER.sign(digest), PAYEE.sign(digest));
        var opening = PAYER.sign(DOMAIN, new JobOpening(SPEC, PAYER.account(), SALT, Account.ZERO));
        var closing =
                PAYER.sign(
                        DOMAIN,
                        new JobClosing(JOB.word(), JobEnd.COMPLETED, SPEC, PAYER.account()));
        return Stream.of(
                new Question.AskCapability(ByteString.copyFromUtf8("nonce")),
                new Question.MakeOffer(ByteString.copyFromUtf8("envelope")),
                new Question.ReleaseOffer(JOB),
                new Question.RequestJob(ByteString.copyFromUtf8("envelope")),
                new Question.OpenJob(opening, List.of(signed, signed)),
                new Question.TellState(JOB, new JobState.Loading()),
                new Question.CloseJob(closing, List.of()),
                new Question.CloseJob(closing, List.of(receipt())),
                new Question.AskBeat(JOB),
                new Question.MeasureLink(PEER),
                new Question.TakeOver(
                        new JobRecords(
                                ByteString.copyFromUtf8("envelope"),
                                List.of(STAGE),
                                opening,
                                List.of(signed),
                                new JobState.Running())),
                new Question.AskStatus(JOB),
                new Question.Contest(
                        JOB,
                        PAYEE.sign(
                                DOMAIN,
                                new Dispute(
                                        Bytes32.keccak("terms"),
                                        PAYEE.account(),
                                        new Evidence(List.of(receipt()), Optional.of(voucher()))
                                                .hash())),
                        new Evidence(List.of(receipt()), Optional.of(voucher()))),
                new Question.Contest(
                        JOB,
                        PAYER.sign(
                                DOMAIN,
                                new Dispute(
                                        Bytes32.keccak("terms"),
                                        PAYER.account(),
                                        new Evidence(List.of(), Optional.empty()).hash())),
                        new Evidence(List.of(), Optional.empty())),
                new Question.AskLedger(new LedgerQuestion.OfAccount(PAYER.account())),
                new Question.AskLedger(new LedgerQuestion.OfPair(PAYER.account(), PAYEE.account())),
                new Question.AskLedger(new LedgerQuestion.Grant(PAYER.account())),
                new Question.AskLedger(
                        new LedgerQuestion.MakeDeposit(
                                PAYER.sign(DOMAIN, new Deposit(PAYER.account(), Amount.of(9))))),
                new Question.AskLedger(new LedgerQuestion.Redeem(List.of(voucher()))));
    }

    private static Signed<UsageReceipt> receipt() {
        return PAYEE.sign(DOMAIN, new UsageReceipt(JOB.word(), PAYEE.account(), 100, 1));
    }

    static Stream<Answer> answers() {
        return Stream.of(
                new Answer.Refused(PROBLEM),
                new Answer.CapabilityTold(ByteString.copyFromUtf8("envelope")),
                new Answer.Admitted(
                        new Admission.Accepted(
                                Instant.ofEpochMilli(77), PAYEE.account(), Amount.of(3))),
                new Answer.Admitted(
                        new Admission.Declined(Admission.Reason.NO_MEMORY, "too small")),
                new Answer.Progressed("recruiting", "asking"),
                new Answer.Planned(new JobPlan(JOB, List.of(STAGE))),
                new Answer.Done("noted"),
                new Answer.StatusTold(
                        new JobStatus(new JobState.Failed("a reason"), List.of(STAGE))),
                new Answer.StatusTold(
                        new JobStatus(
                                new JobState.Running(),
                                List.of(STAGE),
                                List.of(new JobStatus.Loss(PEER.id(), PEER.id())))),
                new Answer.LinkTold(new Link(0.002, 1e7)),
                new Answer.Beating(Optional.empty()),
                new Answer.Beating(Optional.of(receipt())),
                new Answer.LedgerTold(
                        new LedgerAnswer.Statement(
                                Amount.of(1),
                                Amount.of(2),
                                Amount.of(3),
                                Amount.of(4),
                                Amount.of(5))),
                new Answer.LedgerTold(new LedgerAnswer.Redeemed(Amount.of(5))),
                new Answer.LedgerTold(new LedgerAnswer.Came(new Outcome.Paid(Amount.of(6)))),
                new Answer.LedgerTold(new LedgerAnswer.Came(new Outcome.Recorded())),
                new Answer.LedgerTold(new LedgerAnswer.Came(new Outcome.NoChange())),
                new Answer.LedgerTold(
                        new LedgerAnswer.Came(
                                new Outcome.Rejected(Rejection.BAD_SIGNATURE, "why"))));
    }

    static Stream<Command> commands() {
        return Stream.of(
                new Command.Open(JOB, AGREEMENT, PAYER.sign(AGREEMENT.digest(DOMAIN))),
                new Command.Load(
                        ByteString.copyFromUtf8("{}"),
                        manifest(),
                        1,
                        new Route(
                                List.of(
                                        new Neighbour(PEER, new LayerRange(0, 2)),
                                        new Neighbour(PEER, new LayerRange(2, 4)))),
                        9,
                        Optional.empty()),
                new Command.Load(
                        ByteString.copyFromUtf8("{}"),
                        manifest(),
                        0,
                        new Route(List.of(new Neighbour(PEER, new LayerRange(0, 2)))),
                        0,
                        Optional.of(new Publication("lab", "small", "0a".repeat(20)))),
                new Command.Resume(JOB),
                new Command.Link(),
                new Command.Snapshot(),
                new Command.Prepare(3, 17),
                new Command.Commit(3, new Update(AdamW.lr(0.5).withBetas(0.25, 0.125), 0.75f)),
                new Command.Commit(4, Update.of(Adam.lr(0.5).withAmsgrad().withWeightDecay(0.25))),
                new Command.Commit(5, Update.of(new Sgd(0.5, 0.25, 0, 0.125, true))),
                new Command.Commit(6, Update.of(new Adagrad(0.5, 0.25, 0.125, 2, 1e-3))),
                new Command.Commit(7, Update.of(new RmsProp(0.5, 0.25, 1e-3, 0.125, 0.75, true))),
                new Command.Commit(8, Update.of(new Adafactor(0.5, -0.25, 1e-3, 1e-4, 2, 0.125))),
                new Command.Abandon(4),
                new Command.Settle(5),
                new Command.Digests(5),
                new Command.EndSession(6),
                new Command.Pay(voucher()),
                new Command.Close("completed", "because"),
                new Command.Beat(7));
    }

    static Stream<Report> reports() {
        return Stream.of(
                new Report.SnapshotTaken(7, manifest()),
                new Report.Opened(PAYEE.sign(SPEC)),
                new Report.Resumed(3),
                new Report.Loading(1, 2),
                new Report.Ready("profile"),
                new Report.Linked(),
                new Report.Prepared(
                        3,
                        new PreparedStep(DIGEST, List.of(0.5, 0.25)),
                        new StageTimes(
                                Duration.ofNanos(1),
                                Duration.ofNanos(2),
                                Duration.ofNanos(3),
                                4,
                                5,
                                new CodecError(0.5, 6))),
                new Report.Applied(3),
                new Report.Settled(),
                new Report.DigestsTold(8, Map.of("a", DIGEST)),
                new Report.Receipt(
                        PAYEE.sign(DOMAIN, new UsageReceipt(JOB.word(), PAYEE.account(), 100, 1))),
                new Report.Closed(9),
                new Report.Failed(PROBLEM),
                new Report.Beat(10));
    }

    @ParameterizedTest
    @MethodSource("questions")
    void a_question_arrives_as_it_was_asked(Question question) throws IOException {
        assertThat(Question.decode(question.encode())).isEqualTo(question);
    }

    @ParameterizedTest
    @MethodSource("answers")
    void an_answer_arrives_as_it_was_given(Answer answer) throws IOException {
        assertThat(Answer.decode(answer.encode())).isEqualTo(answer);
    }

    @ParameterizedTest
    @MethodSource("commands")
    void a_command_arrives_as_it_was_given(Command command) throws IOException {
        assertThat(Command.decode(command.encode())).isEqualTo(command);
    }

    @ParameterizedTest
    @MethodSource("reports")
    void a_report_arrives_as_it_was_made(Report report) throws IOException {
        assertThat(Report.decode(report.encode())).isEqualTo(report);
    }

    @ParameterizedTest
    @MethodSource("commands")
    void a_command_cut_short_is_refused_or_says_something_else(Command command) {
        var whole = command.encode();
        for (int length = 0; length < whole.size(); length++) {
            var cut = whole.substring(0, length);
            try {
                assertThat(Command.decode(cut)).isNotEqualTo(command);
            } catch (IOException refused) {
                assertThat(refused).isInstanceOf(ProtocolViolation.class);
            }
        }
    }

    @Test
    void messages_of_another_version_are_refused_with_both_numbers() {
        var later = tensorlink.jobs.wire.Question.newBuilder().setVersion(2).build().toByteString();

        assertThatThrownBy(() -> Question.decode(later))
                .isInstanceOf(ProtocolViolation.class)
                .hasMessage("question of version 2; this node speaks version 1");
    }

    @Test
    void a_message_of_no_known_kind_is_refused() {
        var empty = tensorlink.jobs.wire.Command.newBuilder().setVersion(1).build().toByteString();

        assertThatThrownBy(() -> Command.decode(empty))
                .hasMessage("command of no kind that this node knows");
    }

    @Test
    void a_field_unknown_here_is_ignored() throws IOException {
        var message =
                tensorlink.jobs.wire.Command.newBuilder()
                        .setVersion(1)
                        .setBeat(tensorlink.jobs.wire.Beat.newBuilder().setSequence(3))
                        .setUnknownFields(
                                com.google.protobuf.UnknownFieldSet.newBuilder()
                                        .addField(
                                                900,
                                                com.google.protobuf.UnknownFieldSet.Field
                                                        .newBuilder()
                                                        .addVarint(1)
                                                        .build())
                                        .build())
                        .build();

        assertThat(Command.decode(message.toByteString())).isEqualTo(new Command.Beat(3));
    }

    @Test
    void numbers_out_of_range_are_named() {
        var negative =
                tensorlink.jobs.wire.Command.newBuilder()
                        .setVersion(1)
                        .setPrepare(tensorlink.jobs.wire.Prepare.newBuilder().setStep(-1))
                        .build()
                        .toByteString();
        var gap =
                tensorlink.jobs.wire.Command.newBuilder()
                        .setVersion(1)
                        .setLoad(
                                tensorlink.jobs.wire.Load.newBuilder()
                                        .addRoute(
                                                tensorlink.jobs.wire.Neighbour.newBuilder()
                                                        .setPeer(PEER.id().multihash())
                                                        .setFirstLayer(1)
                                                        .setEndLayer(2)))
                        .build()
                        .toByteString();

        assertThatThrownBy(() -> Command.decode(negative)).hasMessage("step: 18446744073709551615");
        assertThatThrownBy(() -> Command.decode(gap))
                .hasMessage("route: a gap or an overlap at layer 0: layer 1");
    }

    private static Manifest manifest() {
        return new Manifest(
                List.of(
                        new Manifest.Entry(new TensorSpec("a", DType.F32, Shape.of(2, 3)), DIGEST),
                        new Manifest.Entry(new TensorSpec("b", DType.BF16, Shape.of()), DIGEST)));
    }

    private static tensorlink.ledger.Signed<Voucher> voucher() {
        return PAYER.sign(
                DOMAIN, new Voucher(PAYER.account(), PAYEE.account(), Amount.of(4), TIME, SPEC));
    }
}
