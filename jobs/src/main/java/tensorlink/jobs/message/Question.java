package tensorlink.jobs.message;

import com.google.protobuf.ByteString;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tensorlink.jobs.job.JobId;
import tensorlink.jobs.job.JobState;
import tensorlink.jobs.wire.BeatQuestion;
import tensorlink.jobs.wire.CapabilityQuestion;
import tensorlink.jobs.wire.JobNotice;
import tensorlink.jobs.wire.LinkQuestion;
import tensorlink.jobs.wire.PairQuestion;
import tensorlink.jobs.wire.Release;
import tensorlink.jobs.wire.StateNotice;
import tensorlink.jobs.wire.StatusQuestion;
import tensorlink.jobs.wire.Takeover;
import tensorlink.jobs.wire.Vouchers;
import tensorlink.ledger.Deposit;
import tensorlink.ledger.Dispute;
import tensorlink.ledger.JobClosing;
import tensorlink.ledger.JobOpening;
import tensorlink.ledger.Signed;
import tensorlink.ledger.SignedAgreement;
import tensorlink.ledger.UsageReceipt;
import tensorlink.ledger.Voucher;
import tensorlink.p2p.core.ProtocolViolation;
import tensorlink.p2p.peer.PeerInfo;

/** What one node asks another on the job protocol; one stream carries one question. */
public sealed interface Question {
    int BYTES_MAX = 2 << 20;
    int AGREEMENTS_MAX = 256;
    int VOUCHERS_MAX = 256;
    int NONCE_BYTES_MAX = 64;

    /** Validator to worker: what do you offer? The answer is sealed with {@code nonce} in it. */
    record AskCapability(ByteString nonce) implements Question {}

    /** Validator to worker: an offer, sealed by the validator; see {@link Seals#openOffer}. */
    record MakeOffer(ByteString envelope) implements Question {}

    /** Validator to worker: the offer accepted before is off. */
    record ReleaseOffer(JobId job) implements Question {}

    /** User to validator: find me workers; sealed, see {@link Seals#openJobRequest}. */
    record RequestJob(ByteString envelope) implements Question {}

    /** User to validator: all have signed; record the job. */
    record OpenJob(Signed<JobOpening> opening, List<SignedAgreement> agreements)
            implements Question {
        public OpenJob {
            agreements = List.copyOf(agreements);
        }
    }

    /** User to validator: the job has come this far. */
    record TellState(JobId job, JobState state) implements Question {}

    /** User to validator: the job is over, and this is what each stage says it has done. */
    record CloseJob(Signed<JobClosing> closing, List<Signed<UsageReceipt>> receipts)
            implements Question {
        public CloseJob {
            receipts = List.copyOf(receipts);
        }
    }

    /** Validator to worker: how fast do you reach this peer? Measured, unless it was lately. */
    record MeasureLink(PeerInfo to) implements Question {}

    /** Validator to worker: do you still work for this job? */
    record AskBeat(JobId job) implements Question {}

    /** User to validator: the job's own is lost, watch it on. */
    record TakeOver(JobRecords records) implements Question {}

    /** Anyone to validator: how is this job? */
    record AskStatus(JobId job) implements Question {}

    /**
     * User or worker to the arbiter of their agreement: judge what is owed. The plaintiff has
     * signed the hash of the evidence.
     */
    record Contest(JobId job, Signed<Dispute> dispute, Evidence evidence) implements Question {}

    /** User or worker to validator. */
    record AskLedger(LedgerQuestion question) implements Question {}

    /** The form in which it travels. */
    default ByteString encode() {
        var message = tensorlink.jobs.wire.Question.newBuilder().setVersion(Fields.VERSION);
        switch (this) {
            case AskCapability(var nonce) ->
                    message.setCapability(CapabilityQuestion.newBuilder().setNonce(nonce));
            case MakeOffer(var envelope) -> message.setOffer(envelope);
            case ReleaseOffer(var job) ->
                    message.setRelease(Release.newBuilder().setJob(Fields.bytes(job)));
            case RequestJob(var envelope) -> message.setJobRequest(envelope);
            case OpenJob(var opening, var agreements) ->
                    message.setOpen(notice(opening, agreements));
            case TellState(var job, var state) ->
                    message.setState(
                            StateNotice.newBuilder()
                                    .setJob(Fields.bytes(job))
                                    .setState(state.label()));
            case CloseJob(var closing, var receipts) -> {
                message.setClose(closing.encode());
                receipts.forEach(receipt -> message.addReceipts(receipt.encode()));
            }
            case MeasureLink(var to) ->
                    message.setLink(
                            LinkQuestion.newBuilder()
                                    .setPeer(to.id().multihash())
                                    .addAllAddresses(Fields.addresses(to)));
            case AskBeat(var job) ->
                    message.setBeat(BeatQuestion.newBuilder().setJob(Fields.bytes(job)));
            case TakeOver(var records) -> message.setTakeover(encode(records));
            case AskStatus(var job) ->
                    message.setStatus(StatusQuestion.newBuilder().setJob(Fields.bytes(job)));
            case Contest contest -> message.setContest(encode(contest));
            case AskLedger(var question) -> message.setLedger(encode(question));
        }
        return message.build().toByteString();
    }

    /** Reads what {@link #encode} wrote; signatures inside are not checked here. */
    static Question decode(ByteString bytes) throws ProtocolViolation {
        var message = Fields.parse("question", tensorlink.jobs.wire.Question.parser(), bytes);
        Fields.requireVersion("question", message.getVersion());
        return switch (message.getKindCase()) {
            case CAPABILITY -> {
                var nonce = message.getCapability().getNonce();
                Fields.atMost("nonce bytes", nonce.size(), NONCE_BYTES_MAX);
                yield new AskCapability(nonce);
            }
            case OFFER -> new MakeOffer(message.getOffer());
            case RELEASE -> new ReleaseOffer(Fields.job(message.getRelease().getJob()));
            case JOB_REQUEST -> new RequestJob(message.getJobRequest());
            case OPEN -> decode(message.getOpen());
            case STATE -> {
                var state = message.getState();
                yield new TellState(
                        Fields.job(state.getJob()),
                        Fields.read("state", () -> JobState.parse(state.getState(), "")));
            }
            case CLOSE ->
                    new CloseJob(
                            Fields.read(
                                    "closing",
                                    () -> Signed.decode(message.getClose(), JobClosing::decode)),
                            receipts(message.getReceiptsList()));
            case LINK -> {
                var link = message.getLink();
                yield new MeasureLink(Fields.peer(link.getPeer(), link.getAddressesList()));
            }
            case BEAT -> new AskBeat(Fields.job(message.getBeat().getJob()));
            case TAKEOVER -> decode(message.getTakeover());
            case STATUS -> new AskStatus(Fields.job(message.getStatus().getJob()));
            case CONTEST -> decode(message.getContest());
            case LEDGER -> new AskLedger(decode(message.getLedger()));
            case KIND_NOT_SET -> throw Fields.unset("question");
        };
    }

    private static JobNotice notice(Signed<JobOpening> opening, List<SignedAgreement> agreements) {
        var notice = JobNotice.newBuilder().setOpening(opening.encode());
        agreements.forEach(agreement -> notice.addAgreements(agreement.encode()));
        return notice.build();
    }

    private static Takeover encode(JobRecords records) {
        return Takeover.newBuilder()
                .setJobRequest(records.request())
                .addAllStages(Fields.stages(records.stages()))
                .setNotice(notice(records.opening(), records.agreements()))
                .setState(records.state().label())
                .build();
    }

    private static TakeOver decode(Takeover message) throws ProtocolViolation {
        var stages = Fields.plans(message.getStagesList());
        var notice = decode(message.getNotice());
        var state = Fields.read("state", () -> JobState.parse(message.getState(), ""));
        return new TakeOver(
                new JobRecords(
                        message.getJobRequest(),
                        stages,
                        notice.opening(),
                        notice.agreements(),
                        state));
    }

    private static tensorlink.jobs.wire.Contest encode(Contest contest) {
        var message =
                tensorlink.jobs.wire.Contest.newBuilder()
                        .setJob(Fields.bytes(contest.job()))
                        .setDispute(contest.dispute().encode());
        contest.evidence().receipts().forEach(receipt -> message.addReceipts(receipt.encode()));
        contest.evidence().voucher().ifPresent(voucher -> message.setVoucher(voucher.encode()));
        return message.build();
    }

    private static Contest decode(tensorlink.jobs.wire.Contest message) throws ProtocolViolation {
        var receipts = receipts(message.getReceiptsList());
        var voucher =
                message.getVoucher().isEmpty()
                        ? Optional.<Signed<Voucher>>empty()
                        : Optional.of(
                                Fields.read(
                                        "voucher",
                                        () ->
                                                Signed.decode(
                                                        message.getVoucher(), Voucher::decode)));
        return new Contest(
                Fields.job(message.getJob()),
                Fields.read("dispute", () -> Signed.decode(message.getDispute(), Dispute::decode)),
                Fields.read("evidence", () -> new Evidence(receipts, voucher)));
    }

    private static List<Signed<UsageReceipt>> receipts(List<ByteString> encoded)
            throws ProtocolViolation {
        Fields.atMost("receipts", encoded.size(), AGREEMENTS_MAX);
        var receipts = new ArrayList<Signed<UsageReceipt>>();
        for (var receipt : encoded) {
            receipts.add(Fields.receipt(receipt));
        }
        return receipts;
    }

    private static OpenJob decode(JobNotice notice) throws ProtocolViolation {
        Fields.atMost("agreements", notice.getAgreementsCount(), AGREEMENTS_MAX);
        var agreements = new ArrayList<SignedAgreement>();
        for (var agreement : notice.getAgreementsList()) {
            agreements.add(Fields.read("agreement", () -> SignedAgreement.decode(agreement)));
        }
        return new OpenJob(
                Fields.read(
                        "opening", () -> Signed.decode(notice.getOpening(), JobOpening::decode)),
                agreements);
    }

    private static tensorlink.jobs.wire.LedgerQuestion encode(LedgerQuestion question) {
        var message = tensorlink.jobs.wire.LedgerQuestion.newBuilder();
        switch (question) {
            case LedgerQuestion.OfAccount(var account) -> message.setAccount(account.bytes());
            case LedgerQuestion.OfPair(var payer, var payee) ->
                    message.setPair(
                            PairQuestion.newBuilder()
                                    .setPayer(payer.bytes())
                                    .setPayee(payee.bytes()));
            case LedgerQuestion.Grant(var account) -> message.setGrant(account.bytes());
            case LedgerQuestion.MakeDeposit(var deposit) -> message.setDeposit(deposit.encode());
            case LedgerQuestion.Redeem(var vouchers) -> {
                var list = Vouchers.newBuilder();
                vouchers.forEach(voucher -> list.addVouchers(voucher.encode()));
                message.setRedeem(list);
            }
        }
        return message.build();
    }

    private static LedgerQuestion decode(tensorlink.jobs.wire.LedgerQuestion message)
            throws ProtocolViolation {
        return switch (message.getKindCase()) {
            case ACCOUNT ->
                    new LedgerQuestion.OfAccount(Fields.account("account", message.getAccount()));
            case PAIR ->
                    new LedgerQuestion.OfPair(
                            Fields.account("payer", message.getPair().getPayer()),
                            Fields.account("payee", message.getPair().getPayee()));
            case GRANT -> new LedgerQuestion.Grant(Fields.account("grant", message.getGrant()));
            case DEPOSIT ->
                    new LedgerQuestion.MakeDeposit(
                            Fields.read(
                                    "deposit",
                                    () -> Signed.decode(message.getDeposit(), Deposit::decode)));
            case REDEEM -> {
                var list = message.getRedeem().getVouchersList();
                Fields.atMost("vouchers", list.size(), VOUCHERS_MAX);
                var vouchers = new ArrayList<Signed<Voucher>>();
                for (var voucher : list) {
                    vouchers.add(
                            Fields.read("voucher", () -> Signed.decode(voucher, Voucher::decode)));
                }
                yield new LedgerQuestion.Redeem(vouchers);
            }
            case KIND_NOT_SET -> throw Fields.unset("ledger question");
        };
    }
}
