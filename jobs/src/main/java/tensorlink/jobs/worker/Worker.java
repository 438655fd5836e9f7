package tensorlink.jobs.worker;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tensorlink.compute.Architecture;
import tensorlink.compute.Engine;
import tensorlink.compute.LayerRange;
import tensorlink.compute.format.ModelFormatException;
import tensorlink.jobs.exchange.Answerer;
import tensorlink.jobs.job.Job;
import tensorlink.jobs.job.JobException;
import tensorlink.jobs.job.JobId;
import tensorlink.jobs.job.JobJournal;
import tensorlink.jobs.job.JobState;
import tensorlink.jobs.job.Problem;
import tensorlink.jobs.job.ProblemCode;
import tensorlink.jobs.job.Sealed;
import tensorlink.jobs.market.Admission;
import tensorlink.jobs.market.Capability;
import tensorlink.jobs.market.MemoryBudget;
import tensorlink.jobs.market.Offer;
import tensorlink.jobs.market.StageMemory;
import tensorlink.jobs.message.Answer;
import tensorlink.jobs.message.Command;
import tensorlink.jobs.message.Dossier;
import tensorlink.jobs.message.Hello;
import tensorlink.jobs.message.Question;
import tensorlink.jobs.message.Report;
import tensorlink.jobs.message.SealException;
import tensorlink.jobs.party.Party;
import tensorlink.jobs.weights.WeightsServer;
import tensorlink.ledger.Account;
import tensorlink.ledger.Signed;
import tensorlink.ledger.Voucher;
import tensorlink.p2p.Libp2p;
import tensorlink.p2p.core.ProtocolViolation;
import tensorlink.p2p.core.Stream;
import tensorlink.p2p.core.Subscription;
import tensorlink.p2p.peer.PeerId;

/**
 * Lends this machine to jobs: answers validators' offers, and runs a stage for each user that takes
 * one up.
 *
 * <p>Memory is promised when an offer is accepted and taken back when the job ends, for whatever
 * reason, or when its user has not come in time. Safe for use by any thread.
 */
public final class Worker implements Answerer, AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Worker.class);

    /** How much memory one user can hold for the time of a reservation, for nothing. */
    private static final int RESERVATIONS_PER_USER_MAX = 4;

    /** A job on this worker, for people. */
    public record Stint(
            JobId job,
            PeerId user,
            Account payer,
            LayerRange layers,
            JobState state,
            long memoryBytes) {}

    private final Party party;
    private final Engine engine;
    private final WorkerTerms terms;
    private final WeightsServer weights;
    private final MemoryBudget budget;
    private final Earnings earnings;
    private final Path dossiers;
    private final CreditBook credit;
    private final Cashier cashier;
    private final ConcurrentMap<JobId, Engagement> engagements = new ConcurrentHashMap<>();
    private final ReentrantLock admission = new ReentrantLock();
    private final LinkTrials links;
    private volatile Subscription measured = () -> {};
    private volatile boolean stopping;

    /**
     * @param weights the server of the weights protocol on this node
     * @param cashier brings vouchers to the ledger
     */
    public Worker(
            Party party, Engine engine, WorkerTerms terms, WeightsServer weights, Cashier cashier)
            throws IOException {
        this.party = party;
        this.engine = engine;
        this.terms = terms;
        this.weights = weights;
        this.cashier = cashier;
        this.budget = new MemoryBudget(terms.memoryBytes());
        this.links = new LinkTrials(party);
        this.credit = new CreditBook(party.scheduler()::now);
        this.dossiers = terms.folder().resolve("agreements");
        this.earnings =
                Earnings.open(
                        terms.folder().resolve("vouchers"),
                        party.account().account(),
                        party.domain(),
                        party.scheduler()::now);
    }

    /** Serves the control and stage protocols from now on, and lets its links be measured. */
    public void start() {
        party.host().handle(party.protocols().control(), this::control);
        party.host().handle(party.protocols().stage(), this::stage);
        measured = Libp2p.servePerf(party.host(), LinkTrials.SERVED);
    }

    /** What this worker offers now. */
    public Capability capability() {
        return new Capability(
                party.id(),
                budget.total(),
                stopping ? 0 : budget.free(),
                terms.threads(),
                engine.profile().id().hex(),
                terms.speed(),
                party.account().account(),
                terms.unitPrice());
    }

    /** The jobs here now. */
    public List<Stint> stints() {
        var stints = new ArrayList<Stint>();
        engagements.values().forEach(engagement -> stints.add(engagement.stint()));
        return stints;
    }

    @Override
    public boolean answers(Question question) {
        return switch (question) {
            case Question.AskCapability _,
                    Question.MakeOffer _,
                    Question.ReleaseOffer _,
                    Question.MeasureLink _,
                    Question.AskBeat _ ->
                    true;
            case Question.RequestJob _,
                    Question.OpenJob _,
                    Question.TellState _,
                    Question.CloseJob _,
                    Question.TakeOver _,
                    Question.Contest _,
                    Question.AskStatus _,
                    Question.AskLedger _ ->
                    false;
        };
    }

    @Override
    public Answer answer(PeerId from, Question question, Consumer<Answer.Progressed> progress)
            throws IOException, InterruptedException {
        return switch (question) {
            case Question.AskCapability(var nonce) ->
                    new Answer.CapabilityTold(party.seals().sealCapability(capability(), nonce));
            case Question.MakeOffer(var envelope) -> {
                try {
                    yield new Answer.Admitted(consider(from, party.seals().openOffer(envelope)));
                } catch (SealException refused) {
                    yield new Answer.Admitted(
                            new Admission.Declined(
                                    Admission.Reason.NOT_TRUSTED,
                                    String.valueOf(refused.getMessage())));
                }
            }
            case Question.ReleaseOffer(var job) -> {
                var engagement = engagements.get(job);
                if (engagement != null && engagement.offeredBy(from)) {
                    engagement.releaseUnlessOpened("the validator took the offer back");
                }
                yield new Answer.Done("released");
            }
            case Question.MeasureLink(var to) -> new Answer.LinkTold(links.to(to));
            case Question.AskBeat(var job) -> new Answer.Beating(engaged(job).lastReceipt());
            case Question.RequestJob _,
                    Question.OpenJob _,
                    Question.TellState _,
                    Question.CloseJob _,
                    Question.TakeOver _,
                    Question.Contest _,
                    Question.AskStatus _,
                    Question.AskLedger _ ->
                    throw new IllegalArgumentException("not a worker's: " + question);
        };
    }

    private Engagement engaged(JobId job) throws JobException {
        var engagement = engagements.get(job);
        if (engagement == null) {
            throw new JobException(
                    ProblemCode.ENDED,
                    "no such job",
                    "job " + job + " is not here, or is not any more",
                    "");
        }
        return engagement;
    }

    private Admission consider(PeerId from, Sealed<Offer> sealed) throws IOException {
        var offer = sealed.content();
        var request = offer.request().content();
        if (!sealed.signer().equals(from)) {
            return new Admission.Declined(
                    Admission.Reason.NOT_TRUSTED, "the offer is signed by another peer");
        }
        var only = terms.only();
        if (only != null && !only.equals(request.user())) {
            return new Admission.Declined(
                    Admission.Reason.NOT_TRUSTED, "this node works for another user alone");
        }
        if (stopping) {
            return new Admission.Declined(Admission.Reason.STOPPING, "this worker is stopping");
        }
        Architecture config;
        try {
            config = Architecture.parse("offer", request.spec().config().toByteArray());
        } catch (ModelFormatException unsupported) {
            return new Admission.Declined(
                    Admission.Reason.UNSUPPORTED_MODEL, String.valueOf(unsupported.getMessage()));
        }
        try {
            config.requireStage(offer.layers());
        } catch (IllegalArgumentException unfit) {
            return new Admission.Declined(
                    Admission.Reason.MALFORMED, String.valueOf(unfit.getMessage()));
        }
        if (request.spec().workload().length() > config.contextLength()) {
            return new Admission.Declined(
                    Admission.Reason.MALFORMED,
                    "sequences of "
                            + request.spec().workload().length()
                            + ", the model's context length is "
                            + config.contextLength());
        }
        if (!terms.unitPrice().isZero() && !credit.admits(request.payer())) {
            return new Admission.Declined(
                    Admission.Reason.NOT_TRUSTED,
                    "too much work for "
                            + request.payer()
                            + ", or for strangers together, is not paid yet");
        }
        long needed = StageMemory.bytes(config, offer.layers(), request.spec());
        admission.lock();
        try {
            if (engagements.containsKey(request.id())) {
                return new Admission.Declined(
                        Admission.Reason.MALFORMED, "this worker takes part in the job already");
            }
            if (reservedFor(request.user()) >= RESERVATIONS_PER_USER_MAX) {
                return new Admission.Declined(
                        Admission.Reason.NO_MEMORY,
                        RESERVATIONS_PER_USER_MAX + " offers wait here for the same user already");
            }
            if (!budget.reserve(request.id(), needed)) {
                return new Admission.Declined(
                        Admission.Reason.NO_MEMORY,
                        offer.layers()
                                + " need "
                                + needed
                                + " bytes, "
                                + budget.free()
                                + " are free");
            }
            boolean engaged = false;
            try {
                engage(sealed, config, needed);
                engaged = true;
            } finally {
                if (!engaged) {
                    budget.release(request.id());
                }
            }
        } finally {
            admission.unlock();
        }
        return new Admission.Accepted(
                party.scheduler().now().plus(terms.limits().reservation()),
                party.account().account(),
                terms.unitPrice());
    }

    /** How many offers are accepted that {@code user} has not taken up. */
    private long reservedFor(PeerId user) {
        return engagements.values().stream().filter(it -> it.isReservedFor(user)).count();
    }

    private void engage(Sealed<Offer> offer, Architecture config, long memory) throws IOException {
        var id = offer.content().request().content().id();
        var file = terms.folder().resolve("jobs").resolve(id.hex() + ".journal");
        var job = Job.begin(id, JobJournal.open(file), () -> party.scheduler().now());
        job.become(new JobState.Planned());
        job.become(new JobState.Recruiting());
        var engagement = new Engagement(party, engine, terms, offer, config, memory, job, this);
        engagement.reserve();
        engagements.put(id, engagement);
    }

    /** Called by an engagement that has ended and freed everything; returns the memory freed. */
    long forget(JobId job) {
        weights.withdraw(job);
        engagements.remove(job);
        return budget.release(job);
    }

    CreditBook credit() {
        return credit;
    }

    WeightsServer weights() {
        return weights;
    }

    /** Keeps a voucher; an unacceptable one is a {@link JobException}. */
    void earn(Signed<Voucher> voucher) throws IOException {
        earnings.accept(voucher);
    }

    /** What is kept of a paid job here, now or before, for a dispute. */
    public Optional<Dossier> dossier(JobId job) throws IOException {
        return Dossier.read(dossiers, job, party.account().account());
    }

    /** The best voucher that {@code payer} has given this worker, paid or not. */
    public Optional<Signed<Voucher>> voucher(Account payer) {
        return earnings.best(payer);
    }

    void keep(Dossier dossier) {
        try {
            dossier.write(dossiers);
        } catch (IOException unwritten) {
            log.error("job {}: what a dispute would need is not kept", dossier.job(), unwritten);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** Brings what {@code payer} has promised to the ledger; it stays when that fails. */
    void redeem(Account payer) {
        earnings.outstanding(payer).ifPresent(this::redeem);
    }

    /** Tries again what could not be paid before. */
    void redeemOutstanding() {
        for (var voucher : earnings.outstanding()) {
            if (!redeem(voucher)) {
                return;
            }
        }
    }

    /**
     * Each voucher is brought alone: a ledger that refuses one, because its payer is out of money,
     * refuses all that come with it.
     *
     * @return whether there is a ledger to bring more to
     */
    private boolean redeem(Signed<Voucher> voucher) {
        try {
            cashier.redeem(List.of(voucher), terms.limits().closeTimeout());
            earnings.redeemed(voucher);
            credit.paid(voucher.message().payer());
            return true;
        } catch (JobException refused) {
            log.warn("voucher not redeemed: {}", refused.getMessage());
            return refused.code() == ProblemCode.PAYMENT;
        } catch (IOException later) {
            log.warn("voucher not redeemed now: {}", later.getMessage());
            return false;
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private void control(Stream stream) throws IOException, InterruptedException {
        stream.timeout(terms.limits().openTimeout());
        var first = Command.decode(stream.readMessage(Command.BYTES_MAX));
        switch (first) {
            case Command.Open open -> {
                var engagement = engagements.get(open.job());
                if (engagement == null) {
                    throw new ProtocolViolation("open: no accepted offer for job " + open.job());
                }
                engagement.serve(stream, open);
            }
            case Command.Resume(var job) -> {
                var engagement = engagements.get(job);
                if (engagement == null) {
                    var over = notHere("job not taken up again", job);
                    stream.writeMessage(new Report.Failed(over).encode());
                    return;
                }
                engagement.resume(stream);
            }
            case Command.Load _,
                    Command.Link _,
                    Command.Prepare _,
                    Command.Commit _,
                    Command.Abandon _,
                    Command.Settle _,
                    Command.Snapshot _,
                    Command.Digests _,
                    Command.EndSession _,
                    Command.Pay _,
                    Command.Close _,
                    Command.Beat _ ->
                    throw new ProtocolViolation(
                            "command: "
                                    + first.getClass().getSimpleName()
                                    + ", expected Open or Resume");
        }
    }

    private static Problem notHere(String what, JobId job) {
        return new Problem(ProblemCode.ENDED, what, "job " + job + " is not here", "");
    }

    private void stage(Stream stream) throws IOException, InterruptedException {
        stream.timeout(terms.limits().openTimeout());
        var hello = Hello.decode(stream.readMessage(Hello.BYTES_MAX));
        var engagement = engagements.get(hello.job());
        if (engagement == null) {
            stream.writeMessage(Hello.encodeAnswer(notHere("stage stream refused", hello.job())));
            return;
        }
        engagement.join(stream, hello);
    }

    /** Ends every job here and gives its memory back; waits until that is done. */
    @Override
    public void close() {
        stopping = true;
        party.host().unhandle(party.protocols().control());
        party.host().unhandle(party.protocols().stage());
        measured.close();
        var ending = List.copyOf(engagements.values());
        for (var engagement : ending) {
            engagement.release("the worker is stopping");
        }
        try {
            for (var engagement : ending) {
                engagement.awaitFreed();
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
        log.info("worker stopped");
    }

    /** Brings vouchers to the ledger that pays them. */
    @FunctionalInterface
    public interface Cashier {
        /**
         * Redeems what this worker holds; failing is not the end, it is tried again with the next.
         *
         * @param patience the longest to wait
         */
        void redeem(List<Signed<Voucher>> vouchers, Duration patience)
                throws IOException, InterruptedException;
    }
}
