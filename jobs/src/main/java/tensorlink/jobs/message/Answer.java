package tensorlink.jobs.message;

import com.google.protobuf.ByteString;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tensorlink.jobs.job.JobState;
import tensorlink.jobs.job.Problem;
import tensorlink.jobs.market.Admission;
import tensorlink.jobs.market.JobPlan;
import tensorlink.jobs.market.Link;
import tensorlink.jobs.wire.BeatAnswer;
import tensorlink.jobs.wire.LinkAnswer;
import tensorlink.jobs.wire.LossMessage;
import tensorlink.jobs.wire.PlanMessage;
import tensorlink.jobs.wire.Progress;
import tensorlink.jobs.wire.Rejected;
import tensorlink.jobs.wire.Statement;
import tensorlink.jobs.wire.StatusMessage;
import tensorlink.ledger.Outcome;
import tensorlink.ledger.Rejection;
import tensorlink.ledger.Signed;
import tensorlink.ledger.UsageReceipt;
import tensorlink.p2p.core.ProtocolViolation;

/** What a node answers on the job protocol; all but {@link Progressed} are final. */
public sealed interface Answer {
    int BYTES_MAX = 1 << 20;
    int STAGES_MAX = 256;

    /** The question was understood and will not be done. */
    record Refused(Problem problem) implements Answer {}

    /** A sealed capability; see {@link Seals#openCapability}. */
    record CapabilityTold(ByteString envelope) implements Answer {}

    /** To an offer. */
    record Admitted(Admission admission) implements Answer {}

    /** Not final: how far a job request has come. */
    record Progressed(String state, String detail) implements Answer {}

    /** The workers that have accepted. */
    record Planned(JobPlan plan) implements Answer {}

    /** It is done. */
    record Done(String detail) implements Answer {}

    /** To {@link Question.AskStatus}. */
    record StatusTold(JobStatus status) implements Answer {}

    /**
     * To {@link Question.AskBeat}: it does.
     *
     * @param receipt the last it has given in the job
     */
    record Beating(Optional<Signed<UsageReceipt>> receipt) implements Answer {}

    /** To {@link Question.MeasureLink}. */
    record LinkTold(Link link) implements Answer {}

    /** To {@link Question.AskLedger}. */
    record LedgerTold(LedgerAnswer answer) implements Answer {}

    /** The form in which it travels. */
    default ByteString encode() {
        var message = tensorlink.jobs.wire.Answer.newBuilder().setVersion(Fields.VERSION);
        switch (this) {
            case Refused(var problem) -> message.setRefusal(Fields.refusal(problem));
            case CapabilityTold(var envelope) -> message.setCapability(envelope);
            case Admitted(Admission.Accepted(var until, var account, var unitPrice)) ->
                    message.setAccepted(
                            tensorlink.jobs.wire.Accepted.newBuilder()
                                    .setReservedUntil(until.toEpochMilli())
                                    .setAccount(account.bytes())
                                    .setUnitPrice(unitPrice.encode()));
            case Admitted(Admission.Declined(var reason, var detail)) ->
                    message.setDeclined(
                            tensorlink.jobs.wire.Declined.newBuilder()
                                    .setReason(encode(reason))
                                    .setDetail(detail));
            case Progressed(var state, var detail) ->
                    message.setProgress(Progress.newBuilder().setState(state).setDetail(detail));
            case Planned(var plan) ->
                    message.setPlan(
                            PlanMessage.newBuilder()
                                    .setJob(Fields.bytes(plan.job()))
                                    .addAllStages(Fields.stages(plan.stages()))
                                    .setPredictedNanos(plan.predicted().toNanos())
                                    .setArbiter(Fields.bytes(plan.arbiter())));
            case Done(var detail) ->
                    message.setDone(tensorlink.jobs.wire.Done.newBuilder().setDetail(detail));
            case StatusTold(var status) ->
                    message.setStatus(
                            StatusMessage.newBuilder()
                                    .setState(status.state().label())
                                    .setReason(status.state().reason())
                                    .addAllStages(Fields.stages(status.stages()))
                                    .addAllLost(losses(status.lost())));
            case Beating(var receipt) ->
                    message.setBeat(
                            BeatAnswer.newBuilder()
                                    .setReceipt(
                                            receipt.map(Signed::encode).orElse(ByteString.EMPTY)));
            case LinkTold(var link) ->
                    message.setLink(
                            LinkAnswer.newBuilder()
                                    .setLatency(link.latency())
                                    .setBandwidth(link.bandwidth()));
            case LedgerTold(var answer) -> message.setLedger(encode(answer));
        }
        return message.build().toByteString();
    }

    /** Reads what {@link #encode} wrote. */
    static Answer decode(ByteString bytes) throws ProtocolViolation {
        var message = Fields.parse("answer", tensorlink.jobs.wire.Answer.parser(), bytes);
        Fields.requireVersion("answer", message.getVersion());
        return switch (message.getKindCase()) {
            case REFUSAL -> new Refused(Fields.problem(message.getRefusal()));
            case CAPABILITY -> new CapabilityTold(message.getCapability());
            case ACCEPTED -> {
                var accepted = message.getAccepted();
                yield new Admitted(
                        new Admission.Accepted(
                                Instant.ofEpochMilli(accepted.getReservedUntil()),
                                Fields.account("account", accepted.getAccount()),
                                Fields.amount("unit price", accepted.getUnitPrice())));
            }
            case DECLINED -> {
                var declined = message.getDeclined();
                yield new Admitted(
                        new Admission.Declined(
                                decode(declined.getReason()), bounded(declined.getDetail())));
            }
            case PROGRESS ->
                    new Progressed(
                            bounded(message.getProgress().getState()),
                            bounded(message.getProgress().getDetail()));
            case PLAN -> {
                var stages = Fields.plans(message.getPlan().getStagesList());
                var job = Fields.job(message.getPlan().getJob());
                var predicted =
                        Duration.ofNanos(
                                Fields.natural("predicted", message.getPlan().getPredictedNanos()));
                yield new Planned(
                        Fields.read(
                                "plan",
                                () ->
                                        new JobPlan(
                                                job,
                                                stages,
                                                predicted,
                                                Fields.accountOrNobody(
                                                        message.getPlan().getArbiter()))));
            }
            case DONE -> new Done(bounded(message.getDone().getDetail()));
            case STATUS -> {
                var status = message.getStatus();
                var state =
                        Fields.read(
                                "state",
                                () -> JobState.parse(status.getState(), status.getReason()));
                yield new StatusTold(
                        new JobStatus(
                                state,
                                Fields.plans(status.getStagesList()),
                                lost(status.getLostList())));
            }
            case BEAT -> {
                var receipt = message.getBeat().getReceipt();
                yield new Beating(
                        receipt.isEmpty()
                                ? Optional.empty()
                                : Optional.of(Fields.receipt(receipt)));
            }
            case LINK -> {
                var link = message.getLink();
                yield new LinkTold(
                        Fields.read(
                                "link", () -> new Link(link.getLatency(), link.getBandwidth())));
            }
            case LEDGER -> new LedgerTold(decode(message.getLedger()));
            case KIND_NOT_SET -> throw Fields.unset("answer");
        };
    }

    private static String bounded(String text) {
        return text.length() <= Problem.SENTENCE_LENGTH_MAX
                ? text
                : text.substring(0, Problem.SENTENCE_LENGTH_MAX);
    }

    private static List<LossMessage> losses(List<JobStatus.Loss> lost) {
        return lost.stream()
                .map(loss ->
                        LossMessage.newBuilder()
                                .setWorker(loss.worker().multihash())
                                .setReplacement(loss.replacement().multihash())
                                .build())
                .toList();
    }

    private static List<JobStatus.Loss> lost(List<LossMessage> messages) throws ProtocolViolation {
        Fields.atMost("lost workers", messages.size(), STAGES_MAX);
        var lost = new ArrayList<JobStatus.Loss>();
        for (var message : messages) {
            lost.add(
                    new JobStatus.Loss(
                            Fields.peer("lost worker", message.getWorker()),
                            Fields.peer("replacement", message.getReplacement())));
        }
        return lost;
    }

    private static tensorlink.jobs.wire.Declined.Reason encode(Admission.Reason reason) {
        return switch (reason) {
            case NO_MEMORY -> tensorlink.jobs.wire.Declined.Reason.NO_MEMORY;
            case PRICE_TOO_LOW -> tensorlink.jobs.wire.Declined.Reason.PRICE_TOO_LOW;
            case STOPPING -> tensorlink.jobs.wire.Declined.Reason.STOPPING;
            case NOT_TRUSTED -> tensorlink.jobs.wire.Declined.Reason.NOT_TRUSTED;
            case MALFORMED -> tensorlink.jobs.wire.Declined.Reason.MALFORMED;
            case UNSUPPORTED_MODEL -> tensorlink.jobs.wire.Declined.Reason.UNSUPPORTED_MODEL;
            case SILENT -> tensorlink.jobs.wire.Declined.Reason.UNSPECIFIED;
        };
    }

    private static Admission.Reason decode(tensorlink.jobs.wire.Declined.Reason reason) {
        return switch (reason) {
            case NO_MEMORY -> Admission.Reason.NO_MEMORY;
            case PRICE_TOO_LOW -> Admission.Reason.PRICE_TOO_LOW;
            case STOPPING -> Admission.Reason.STOPPING;
            case NOT_TRUSTED -> Admission.Reason.NOT_TRUSTED;
            case UNSUPPORTED_MODEL -> Admission.Reason.UNSUPPORTED_MODEL;
            case MALFORMED, UNSPECIFIED, UNRECOGNIZED -> Admission.Reason.MALFORMED;
        };
    }

    private static tensorlink.jobs.wire.LedgerAnswer encode(LedgerAnswer answer) {
        var message = tensorlink.jobs.wire.LedgerAnswer.newBuilder();
        switch (answer) {
            case LedgerAnswer.Statement(
                            var credits,
                            var balance,
                            var issued,
                            var deposited,
                            var cover) ->
                    message.setStatement(
                            Statement.newBuilder()
                                    .setCredits(credits.encode())
                                    .setBalance(balance.encode())
                                    .setIssued(issued.encode())
                                    .setDeposited(deposited.encode())
                                    .setCover(cover.encode()));
            case LedgerAnswer.Redeemed(var amount) -> message.setRedeemed(amount.encode());
            case LedgerAnswer.Came(Outcome.Paid(var amount)) -> message.setPaid(amount.encode());
            case LedgerAnswer.Came(Outcome.Recorded()) -> message.setRecorded(true);
            case LedgerAnswer.Came(Outcome.NoChange()) -> message.setNoChange(true);
            case LedgerAnswer.Came(Outcome.Rejected(var code, var detail)) ->
                    message.setRejected(
                            Rejected.newBuilder().setCode(code.name()).setDetail(detail));
        }
        return message.build();
    }

    private static LedgerAnswer decode(tensorlink.jobs.wire.LedgerAnswer message)
            throws ProtocolViolation {
        return switch (message.getKindCase()) {
            case STATEMENT -> {
                var statement = message.getStatement();
                yield new LedgerAnswer.Statement(
                        Fields.amount("credits", statement.getCredits()),
                        Fields.amount("balance", statement.getBalance()),
                        Fields.amount("issued", statement.getIssued()),
                        Fields.amount("deposited", statement.getDeposited()),
                        Fields.amount("cover", statement.getCover()));
            }
            case REDEEMED ->
                    new LedgerAnswer.Redeemed(Fields.amount("redeemed", message.getRedeemed()));
            case PAID ->
                    new LedgerAnswer.Came(
                            new Outcome.Paid(Fields.amount("paid", message.getPaid())));
            case RECORDED -> new LedgerAnswer.Came(new Outcome.Recorded());
            case NO_CHANGE -> new LedgerAnswer.Came(new Outcome.NoChange());
            case REJECTED -> {
                var rejected = message.getRejected();
                var code = Fields.read("code", () -> Rejection.valueOf(rejected.getCode()));
                yield new LedgerAnswer.Came(
                        new Outcome.Rejected(code, bounded(rejected.getDetail())));
            }
            case KIND_NOT_SET -> throw Fields.unset("ledger answer");
        };
    }
}
