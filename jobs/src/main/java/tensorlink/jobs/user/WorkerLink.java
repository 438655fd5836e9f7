package tensorlink.jobs.user;

import java.io.EOFException;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tensorlink.jobs.job.JobException;
import tensorlink.jobs.job.JobId;
import tensorlink.jobs.job.JobLimits;
import tensorlink.jobs.job.JobState;
import tensorlink.jobs.job.Problem;
import tensorlink.jobs.job.ProblemCode;
import tensorlink.jobs.market.StagePlan;
import tensorlink.jobs.message.Command;
import tensorlink.jobs.message.Report;
import tensorlink.jobs.party.Party;
import tensorlink.jobs.pipeline.Inbox;
import tensorlink.jobs.pipeline.Slot;
import tensorlink.ledger.Agreement;
import tensorlink.ledger.Signed;
import tensorlink.ledger.SignedAgreement;
import tensorlink.ledger.UsageReceipt;
import tensorlink.ledger.Voucher;
import tensorlink.p2p.core.ProtocolViolation;
import tensorlink.p2p.core.Stream;
import tensorlink.p2p.peer.PeerInfo;

/**
 * The control stream to one worker of a job.
 *
 * <p>Threads: one reads reports and answers receipts, one sends beats; commands are sent by whoever
 * gives them, and {@link #await} is for one thread at a time. When the worker fails or falls
 * silent, everything that waits here fails and the job is told, once. What the worker says of
 * others is told with the delay of a beat, in which the one that is to blame is heard first.
 */
public final class WorkerLink {
    private static final Logger log = LoggerFactory.getLogger(WorkerLink.class);
    private static final int REPLIES_MAX = 16;

    private final Party party;
    private final JobLimits limits;
    private final StagePlan plan;
    private final int stage;
    private final Stream stream;
    private final StageAccount account;
    private final SignedAgreement agreement;
    private final Consumer<Problem> failed;
    private final long step;
    private final Inbox<Report> replies = new Inbox<>(REPLIES_MAX, _ -> {});
    private final ReentrantLock sending = new ReentrantLock();
    private final ReentrantLock failing = new ReentrantLock();
    private final AtomicBoolean over = new AtomicBoolean();
    private final Slot<Boolean> gone = new Slot<>();
    private volatile boolean closing;
    private volatile boolean freed;
    private volatile boolean toBlame;
    private volatile boolean slow;
    private volatile boolean missed;
    private volatile boolean toldWhy;
    private volatile long heardAt;

    private WorkerLink(
            Party party,
            JobLimits limits,
            StagePlan plan,
            int stage,
            Stream stream,
            StageAccount account,
            SignedAgreement agreement,
            Consumer<Problem> failed,
            long step) {
        this.party = party;
        this.limits = limits;
        this.plan = plan;
        this.stage = stage;
        this.stream = stream;
        this.account = account;
        this.agreement = agreement;
        this.failed = failed;
        this.step = step;
        this.heardAt = party.scheduler().nanoTime();
    }

    /**
     * Takes up a worker's accepted offer: signs the agreement and has the worker sign it.
     *
     * @param failed told once when the worker is lost later
     * @throws JobException when the worker cannot be reached or will not sign
     */
    public static WorkerLink open(
            Party party,
            JobLimits limits,
            JobId job,
            StagePlan plan,
            int stage,
            Agreement agreement,
            Purse purse,
            Consumer<Problem> failed)
            throws JobException, InterruptedException {
        Stream stream = null;
        try {
            party.host().peers().add(plan.worker());
            stream = party.host().open(plan.worker().id(), party.protocols().control());
            stream.timeout(limits.openTimeout());
            var digest = agreement.digest(party.domain());
            var ours = party.account().sign(digest);
            stream.writeMessage(new Command.Open(job, agreement, ours).encode());
            var report = Report.decode(stream.readMessage(Report.BYTES_MAX));
            if (report instanceof Report.Failed(var problem)) {
                throw new JobException(problem);
            }
            if (!(report instanceof Report.Opened(var theirs))
                    || !theirs.isBy(agreement.payee(), digest)) {
                throw new ProtocolViolation("opened: the worker did not sign the agreement");
            }
            var link =
                    new WorkerLink(
                            party,
                            limits,
                            plan,
                            stage,
                            stream,
                            new StageAccount(party, purse, agreement),
                            new SignedAgreement(agreement, ours, theirs),
                            failed,
                            0);
            link.start(job);
            return link;
        } catch (IOException unreachable) {
            if (stream != null) {
                stream.reset();
            }
            throw new JobException(
                    new Problem(
                            ProblemCode.NOT_READY,
                            "stage " + stage + " is not to be had",
                            plan.worker().id().shortText() + ": " + unreachable.getMessage(),
                            "ask for the job again; another worker will be found"),
                    unreachable);
        }
    }

    /**
     * Takes up again a worker that was lost and may hold its stage, with the same agreement and
     * account.
     *
     * @param failed told once when the worker is lost again
     * @throws JobException when the worker does not hold it any more, or is not ready
     * @throws IOException when the worker cannot be reached
     */
    public WorkerLink resume(JobId job, Consumer<Problem> failed)
            throws IOException, InterruptedException {
        return resume(party, limits, job, plan, stage, agreement, account, failed);
    }

    /**
     * Takes up a worker that an earlier process of this user was linked to, and that may hold its
     * stage, as {@link #resume(JobId, Consumer)} does.
     */
    public static WorkerLink resume(
            Party party,
            JobLimits limits,
            JobId job,
            StagePlan plan,
            int stage,
            SignedAgreement agreement,
            StageAccount account,
            Consumer<Problem> failed)
            throws IOException, InterruptedException {
        Stream opened = null;
        try {
            party.host().peers().add(plan.worker());
            opened = party.host().open(plan.worker().id(), party.protocols().control());
            opened.timeout(limits.openTimeout());
            opened.writeMessage(new Command.Resume(job).encode());
            var report = Report.decode(opened.readMessage(Report.BYTES_MAX));
            if (report instanceof Report.Failed(var problem)) {
                throw new JobException(problem);
            }
            if (!(report instanceof Report.Resumed(var applied))) {
                throw new ProtocolViolation(
                        "resumed: it answers " + report.getClass().getSimpleName());
            }
            var link =
                    new WorkerLink(
                            party, limits, plan, stage, opened, account, agreement, failed,
                            applied);
            link.start(job);
            return link;
        } catch (IOException unreachable) {
            if (opened != null) {
                opened.reset();
            }
            throw unreachable;
        }
    }

    /**
     * Tells a worker that may keep a stage for this user to free it, and waits until it has.
     *
     * @throws IOException when it keeps none, or cannot be reached
     */
    public static void free(Party party, JobLimits limits, JobId job, PeerInfo worker)
            throws IOException, InterruptedException {
        party.host().peers().add(worker);
        try (var stream = party.host().open(worker.id(), party.protocols().control())) {
            stream.timeout(limits.openTimeout());
            stream.writeMessage(new Command.Resume(job).encode());
            var report = Report.decode(stream.readMessage(Report.BYTES_MAX));
            if (report instanceof Report.Failed(var problem)) {
                throw new JobException(problem);
            }
            stream.writeMessage(
                    new Command.Close(new JobState.Failed("").label(), "its user was lost")
                            .encode());
            for (int i = 0; i < REPLIES_MAX && !(report instanceof Report.Closed); i++) {
                report = Report.decode(stream.readMessage(Report.BYTES_MAX));
            }
        }
    }

    private void start(JobId job) {
        stream.timeout(limits.silenceMax());
        party.scheduler().fork("reports-" + job + "-" + stage, this::listen);
        party.scheduler().fork("beats-" + job + "-" + stage, this::beat);
    }

    public StagePlan plan() {
        return plan;
    }

    public int stage() {
        return stage;
    }

    /** How many steps the stage had applied when it was taken up again; 0 at first. */
    public long step() {
        return step;
    }

    public StageAccount account() {
        return account;
    }

    public SignedAgreement agreement() {
        return agreement;
    }

    /** Sends a command. */
    public void send(Command command) throws JobException, InterruptedException {
        try {
            sending.lockInterruptibly();
            try {
                stream.writeMessage(command.encode());
            } finally {
                sending.unlock();
            }
        } catch (IOException lost) {
            var problem = lost(lost);
            fail(problem);
            throw new JobException(problem, lost);
        }
    }

    /**
     * Waits for the worker's next reply, which must be of one kind. A worker that is late, or
     * answers something else, is lost.
     */
    <R extends Report> R await(Class<R> kind, Deadline deadline)
            throws JobException, InterruptedException {
        try {
            var reply = replies.take(party.scheduler(), deadline.left(), late(deadline));
            if (!kind.isInstance(reply)) {
                throw disobeyed(reply, kind.getSimpleName() + " is due");
            }
            return kind.cast(reply);
        } catch (JobException failed) {
            if (!closing) {
                fail(failed.problem());
            }
            throw failed;
        }
    }

    private Problem late(Deadline deadline) {
        return new Problem(
                ProblemCode.DEADLINE,
                "stage " + stage + " is late",
                "waited " + deadline.limit() + " for " + deadline.what(),
                "the worker may be overloaded; ask for the job again");
    }

    private JobException disobeyed(Report reply, String due) {
        return disobeyed("it answers " + reply.getClass().getSimpleName() + " where " + due);
    }

    /**
     * Waits until the worker has loaded its stage, as long as it makes progress.
     *
     * @return the id of its execution profile
     */
    public String awaitReady(Consumer<Report.Loading> progress)
            throws JobException, InterruptedException {
        long done = -1;
        var deadline = loading();
        while (true) {
            var reply = await(Report.class, deadline);
            switch (reply) {
                case Report.Loading loading -> {
                    if (loading.bytesDone() > done) {
                        done = loading.bytesDone();
                        deadline = loading();
                    }
                    progress.accept(loading);
                }
                case Report.Ready(var profile) -> {
                    return profile;
                }
                case Report.Opened _,
                        Report.Resumed _,
                        Report.Linked _,
                        Report.Prepared _,
                        Report.Applied _,
                        Report.Settled _,
                        Report.SnapshotTaken _,
                        Report.DigestsTold _,
                        Report.Receipt _,
                        Report.Closed _,
                        Report.Failed _,
                        Report.Beat _ -> {
                    throw disobeyed(reply, "Ready is due");
                }
            }
        }
    }

    private Deadline loading() {
        return Deadline.after(party.scheduler(), limits.loadSilence(), "the weights to load");
    }

    /**
     * Asks the worker to end its stage; {@link #awaitClosed} must follow. Whoever waits for an
     * answer here, on another thread, is told that the job is over.
     */
    void beginClose(String outcome, Problem over) throws InterruptedException {
        closing = true;
        replies.fail(over);
        try {
            send(new Command.Close(outcome, over.why()));
        } catch (JobException gone) {
            // awaitClosed says so.
        }
    }

    /** Waits for the worker to have freed its stage, but not for long, and drops the stream. */
    void awaitClosed(Deadline deadline) throws InterruptedException {
        try {
            gone.await(party.scheduler(), deadline.left(), late(deadline));
            if (!freed) {
                log.warn("stage {} did not end in order: its stream broke", stage);
            }
        } catch (JobException late) {
            // It frees everything by itself when it misses us.
            log.warn("stage {} did not end in order: {}", stage, late.getMessage());
            stream.reset();
        } finally {
            over.set(true);
            stream.close();
        }
    }

    /**
     * Gives the job up: what waits here fails with {@code reason}, and the worker is told to free
     * its stage, for which it has the time of a beat; {@link #awaitGone} waits for that.
     */
    public void leave(Problem reason) {
        replies.fail(reason);
        if (over.compareAndSet(false, true)) {
            closing = true;
            party.scheduler().fork("leaving-" + stage, () -> tellToLeave(reason));
        }
    }

    /** What waits here fails with {@code reason}; the worker holds its stage for a while. */
    void detach(Problem reason) {
        replies.fail(reason);
        if (over.compareAndSet(false, true)) {
            stream.reset();
        }
    }

    private void tellToLeave(Problem reason) {
        var late =
                party.scheduler()
                        .after(
                                limits.beatInterval(),
                                () -> {
                                    slow = true;
                                    stream.reset();
                                });
        try {
            send(new Command.Close(new JobState.Failed("").label(), reason.what()));
            gone.await();
        } catch (JobException lost) {
            stream.reset();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            stream.reset();
        } finally {
            late.cancel();
            stream.close();
        }
    }

    /** Waits until nothing comes from the worker any more: it has freed its stage, or is lost. */
    public void awaitGone(Deadline deadline) throws InterruptedException {
        try {
            gone.await(
                    party.scheduler(),
                    deadline.left(),
                    new Problem(ProblemCode.DEADLINE, "stage " + stage + " stays", "", ""));
        } catch (JobException late) {
            log.debug("{}", late.getMessage());
        }
    }

    /** For how long nothing has come from the worker. */
    Duration silence() {
        return Duration.ofNanos(party.scheduler().nanoTime() - heardAt);
    }

    /** Another stream to the worker says that it is lost: the job fails. */
    public JobException lose(IOException cause) {
        var problem = lost(cause);
        fail(problem);
        return new JobException(problem, cause);
    }

    /** The worker has been silent for a while, and its validator misses it too: the job fails. */
    void miss(IOException cause) {
        missed = true;
        fail(lost(cause));
    }

    /** Whether others miss it too, so that it makes no sense to reach for it again. */
    boolean isMissed() {
        return missed;
    }

    /** The worker has answered what it should not: the job fails. */
    public JobException disobeyed(String why) {
        var problem =
                new Problem(
                        ProblemCode.MALFORMED,
                        "stage " + stage + " does not do as told",
                        why,
                        "ask for the job again; another worker may be found");
        fail(problem);
        return new JobException(problem);
    }

    /** The job fails of {@code problem}, for which this worker is to blame. */
    public void accuse(Problem problem) {
        fail(problem);
    }

    /** Whether this worker itself was lost, late, or did other than told. */
    public boolean isToBlame() {
        return toBlame;
    }

    /** Whether it was left and did not say in time that it has freed its stage. */
    boolean isSlow() {
        return slow;
    }

    private void listen() {
        try {
            read();
        } finally {
            gone.fill(true);
        }
    }

    private void read() {
        try {
            while (true) {
                var report = Report.decode(stream.readMessage(Report.BYTES_MAX));
                heardAt = party.scheduler().nanoTime();
                switch (report) {
                    case Report.Beat _, Report.Applied _ -> {}
                    case Report.Receipt(var receipt) -> {
                        var voucher = pay(receipt);
                        if (voucher.isPresent()) {
                            send(new Command.Pay(voucher.get()));
                        }
                    }
                    case Report.Failed(var problem) -> hear(problem);
                    case Report.Opened _,
                            Report.Resumed _,
                            Report.Loading _,
                            Report.Ready _,
                            Report.Linked _,
                            Report.Prepared _,
                            Report.Settled _,
                            Report.SnapshotTaken _,
                            Report.DigestsTold _ ->
                            deliver(report);
                    case Report.Closed _ -> {
                        if (!closing) {
                            fail(lost("it ended its stage unasked"));
                            return;
                        }
                        over.set(true);
                        freed = true;
                        return;
                    }
                }
            }
        } catch (JobException problem) {
            fail(problem.problem());
        } catch (ProtocolViolation violation) {
            fail(
                    new Problem(
                            ProblemCode.MALFORMED,
                            "stage " + stage + " does not keep to the protocol",
                            String.valueOf(violation.getMessage()),
                            "ask for the job again; another worker may be found"));
        } catch (IOException lost) {
            if (!toldWhy) {
                slow = slow || closing;
                fail(lost(lost));
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException bug) {
            log.error("reading the reports of stage {}", stage, bug);
            fail(
                    new Problem(
                            ProblemCode.COMPUTE,
                            "a report of stage " + stage + " was not understood",
                            bug.toString(),
                            "this is a fault of ours; the log has the details"));
        }
    }

    private void deliver(Report report) throws InterruptedException {
        try {
            replies.put(report);
        } catch (JobException left) {
            log.trace("nobody waits for {} any more", report);
        }
    }

    /** The worker has ended its stage: it closes the stream when all is freed. */
    private void hear(Problem problem) {
        toldWhy = true;
        party.scheduler().after(limits.beatInterval(), stream::reset);
        switch (problem.code()) {
            case WORKER_LOST ->
                    party.scheduler().after(limits.beatInterval(), () -> fail(problem, false));
            case ENDED, COMPUTE, REFUSED -> fail(problem, true);
            case NO_VALIDATOR,
                    UNREACHABLE,
                    NO_CAPACITY,
                    MALFORMED,
                    NOT_READY,
                    USER_LOST,
                    DEADLINE,
                    TOO_LARGE,
                    WEIGHTS,
                    PAYMENT,
                    NO_LEDGER,
                    RECORD,
                    NOT_ALLOWED ->
                    fail(problem, false);
        }
    }

    private Optional<Signed<Voucher>> pay(Signed<UsageReceipt> receipt) throws JobException {
        try {
            return account.pay(receipt);
        } catch (JobException refused) {
            throw refused;
        } catch (IOException unwritten) {
            throw new JobException(
                    new Problem(
                            ProblemCode.PAYMENT,
                            "stage " + stage + " is not paid",
                            "the promise cannot be written: " + unwritten.getMessage(),
                            "make room on the disk that holds the node's folder"),
                    unwritten);
        }
    }

    private void beat() {
        try {
            for (long sequence = 0; !over.get(); sequence++) {
                party.scheduler().sleep(limits.beatInterval());
                if (!over.get()) {
                    send(new Command.Beat(sequence));
                }
            }
        } catch (JobException lost) {
            // send has told the job.
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private Problem lost(IOException cause) {
        return lost(
                cause instanceof EOFException
                        ? "it closed the stream"
                        : String.valueOf(cause.getMessage()));
    }

    private Problem lost(String why) {
        return new Problem(
                ProblemCode.WORKER_LOST,
                "worker " + plan.worker().id().shortText() + " of stage " + stage + " is lost",
                why,
                "ask for the job again; another worker will be found");
    }

    private void fail(Problem problem) {
        fail(problem, true);
    }

    /** When this returns the job has failed, whoever told it: only then may others go on. */
    private void fail(Problem problem, boolean blamed) {
        failing.lock();
        try {
            if (over.compareAndSet(false, true)) {
                toBlame = blamed;
                if (!toldWhy) {
                    stream.reset();
                }
                failed.accept(problem);
            }
        } finally {
            failing.unlock();
        }
        replies.fail(problem);
    }
}
