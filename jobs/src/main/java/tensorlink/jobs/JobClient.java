package tensorlink.jobs;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tensorlink.compute.Model;
import tensorlink.jobs.exchange.Asker;
import tensorlink.jobs.job.Job;
import tensorlink.jobs.job.JobException;
import tensorlink.jobs.job.JobId;
import tensorlink.jobs.job.JobJournal;
import tensorlink.jobs.job.JobLimits;
import tensorlink.jobs.job.JobRequest;
import tensorlink.jobs.job.ProblemCode;
import tensorlink.jobs.message.Answer;
import tensorlink.jobs.message.Dossier;
import tensorlink.jobs.message.Evidence;
import tensorlink.jobs.message.LedgerAnswer;
import tensorlink.jobs.message.LedgerQuestion;
import tensorlink.jobs.message.Question;
import tensorlink.jobs.party.Directory;
import tensorlink.jobs.party.Party;
import tensorlink.jobs.user.Means;
import tensorlink.jobs.user.Purse;
import tensorlink.jobs.user.TrainingRecord;
import tensorlink.jobs.user.Validators;
import tensorlink.jobs.user.WorkerLink;
import tensorlink.jobs.weights.WeightsServer;
import tensorlink.jobs.worker.OwnNode;
import tensorlink.ledger.Account;
import tensorlink.ledger.Amount;
import tensorlink.ledger.Dispute;
import tensorlink.ledger.Outcome;
import tensorlink.ledger.Signed;
import tensorlink.ledger.Voucher;
import tensorlink.p2p.core.ProtocolViolation;
import tensorlink.p2p.peer.PeerId;

/**
 * Asks the network for jobs: the way from a model here to a {@link DistributedModel} on workers.
 *
 * <p>Read {@link #create} top-down, then {@link Starting#run}: request, plan, money, agreements,
 * weights, links. Safe for use by any thread.
 */
public final class JobClient implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(JobClient.class);
    private static final int ATTEMPTS_MAX = 3;

    /** A verdict on a chain is four transactions, each waited for until it is final. */
    private static final Duration DISPUTE_PATIENCE = Duration.ofMinutes(10);

    private final Means means;
    private final Party party;
    private final Asker asker;
    private final Path folder;
    private final JobLimits limits;
    private final OwnNode.Starter ownNodes;
    private final Roster roster = new Roster();

    /**
     * @param weights the server of the weights protocol on this node
     * @param folder for journals and commit logs
     * @param ownNodes where nodes come from that keep a part of a model here
     */
    public JobClient(
            Party party,
            Directory directory,
            WeightsServer weights,
            Purse purse,
            Path folder,
            JobLimits limits,
            OwnNode.Starter ownNodes) {
        this.means = new Means(party, new Validators(directory), weights, purse, limits, List.of());
        this.ownNodes = ownNodes;
        this.party = party;
        this.asker = new Asker(party);
        this.folder = folder;
        this.limits = limits;
    }

    /**
     * Finds workers for a model, and gives each its layers.
     *
     * <p>A worker that is lost on the way is replaced, up to {@value #ATTEMPTS_MAX} times.
     *
     * @throws JobException when there is no validator, no capacity, too little money, or workers
     *     keep getting lost; {@link JobException#problem} says what to do
     */
    public DistributedModel create(Model model, JobOptions options, JobListener listener)
            throws IOException, InterruptedException {
        Wanted.requirePossible(model, options);
        var own = new OwnStages(party);
        TrainingRecord kept = null;
        try {
            var stages = own.start(Wanted.own(model, options), ownNodes);
            var wanted = Wanted.of(model, options, stages, listener, party.scheduler());
            if (options.folder() != null) {
                kept = TrainingRecord.open(options.folder(), wanted.manifest().digest());
            }
            return create(wanted, own, kept);
        } catch (IOException | InterruptedException | RuntimeException failed) {
            own.close();
            if (kept != null) {
                kept.close();
            }
            throw failed;
        }
    }

    private DistributedModel create(Wanted wanted, OwnStages own, @Nullable TrainingRecord kept)
            throws IOException, InterruptedException {
        var resumed = kept == null ? null : takeUp(wanted, own, kept);
        if (kept != null && resumed == null) {
            release(kept);
        }
        var first = resumed != null ? resumed : begin(wanted, own, kept);
        var id = first.session().id();
        var record =
                kept != null
                        ? kept
                        : TrainingRecord.open(folder.resolve(id.hex()), wanted.manifest().digest());
        var recruits = new Recruits(wanted, own, record);
        var model =
                new DistributedModel(
                        party,
                        limits,
                        wanted.model(),
                        wanted.spec().workload(),
                        wanted.options(),
                        record,
                        first,
                        recruits,
                        wanted.listener());
        recruits.model = model;
        roster.run(id, model);
        if (resumed == null) {
            note(wanted, record, first);
        }
        try {
            model.begin(resumed != null);
            return model;
        } catch (IOException | InterruptedException | RuntimeException failed) {
            model.cancel(String.valueOf(failed.getMessage()));
            throw failed;
        }
    }

    private Recovery.Started begin(Wanted wanted, OwnStages own, @Nullable TrainingRecord kept)
            throws IOException, InterruptedException {
        var avoided = new LinkedHashSet<PeerId>();
        var terms =
                new Terms(
                        Origin.of(wanted, kept),
                        wanted.options().lifetime(),
                        wanted.options().maxPrice());
        for (int attempt = 1; ; attempt++) {
            int blamed = avoided.size();
            try {
                return attempt(wanted, own, terms, avoided);
            } catch (JobException failed) {
                boolean again =
                        failed.code() == ProblemCode.NOT_READY
                                || failed.code() == ProblemCode.WORKER_LOST
                                || failed.code() == ProblemCode.UNREACHABLE
                                || avoided.size() > blamed;
                if (!again || attempt == ATTEMPTS_MAX) {
                    throw failed;
                }
                wanted.listener().warned(failed.problem().toString() + "; asking again");
            }
        }
    }

    private void keep(List<Dossier> dossiers) throws InterruptedException {
        for (var dossier : dossiers) {
            try {
                dossier.write(folder);
            } catch (IOException unwritten) {
                log.warn("job {}: cannot be disputed later", dossier.job(), unwritten);
            }
        }
    }

    /**
     * Goes on with the job of the process before this one, where that asked for the same and its
     * workers hold their stages; null where that cannot be.
     */
    private Recovery.@Nullable Started takeUp(Wanted wanted, OwnStages own, TrainingRecord kept)
            throws IOException, InterruptedException {
        var held = kept.held();
        if (held.isEmpty() || !own.nodes().isEmpty()) {
            return null; // a node of the process itself ended with it
        }
        var id = held.get().job();
        var request = party.seals().reopenJobRequest(held.get().records().request());
        if (!isSame(wanted, request.content())) {
            log.info("job {} was asked for otherwise, and is not gone on with", id);
            return null;
        }
        Starting starting;
        try {
            var job = Job.running(id, folder.resolve(id.hex() + ".journal"), this::now);
            starting = new Starting(means, wanted, Origin.of(wanted, kept), request, job);
        } catch (IOException over) {
            log.info("job {} is not gone on with: {}", id, over.getMessage());
            return null;
        }
        roster.begin(id, starting);
        try {
            return starting.takeUp(held.get(), kept);
        } catch (IOException gone) {
            starting.undo(gone);
            starting.requireWanted();
            log.info("job {} is not gone on with: {}", id, gone.getMessage());
            return null;
        } catch (InterruptedException | RuntimeException failed) {
            starting.undo(failed);
            throw failed;
        } finally {
            roster.begun(id, starting);
        }
    }

    /** Whether a job that was begun is what is wanted now, but for what recoveries change. */
    private boolean isSame(Wanted wanted, JobRequest begun) {
        var spec = begun.spec();
        return begun.user().equals(party.id())
                && begun.payer().equals(party.account().account())
                && !begun.maxPrice().isMoreThan(wanted.options().maxPrice())
                && wanted.spec()
                        .continuedFrom(spec.weights(), spec.avoided(), spec.lifetime())
                        .equals(spec);
    }

    private Instant now() {
        return party.scheduler().now();
    }

    /** Whoever keeps stages for the process before this one needs to no longer. */
    private void release(TrainingRecord kept) throws IOException, InterruptedException {
        var held = kept.held();
        if (held.isEmpty()) {
            return;
        }
        var job = held.get().job();
        for (var stage : held.get().records().stages()) {
            try {
                WorkerLink.free(party, limits, job, stage.worker());
            } catch (IOException gone) {
                log.debug("{} keeps nothing: {}", stage.worker().id(), gone.getMessage());
            }
        }
        means.purse().forget(job);
        kept.freed();
    }

    /** For a process that may follow on this one; without it the workers are free after a while. */
    private static void note(Wanted wanted, TrainingRecord record, Recovery.Started started)
            throws InterruptedException {
        if (wanted.options().folder() == null) {
            return; // nobody could find it
        }
        var session = started.session();
        try {
            var held = started.hold().held();
            if (held.isPresent()) {
                record.hold(held.get(), session.links());
            }
        } catch (IOException unwritten) {
            log.warn("job {}: no other process can go on with it", session.id(), unwritten);
        }
    }

    /** What one attempt begins with, how long it may live and what it may cost. */
    private record Terms(Origin from, Duration lifetime, Amount maxPrice) {}

    /** Starts a job again, from its last checkpoint. */
    private final class Recruits implements Recovery.Recruits {
        private final Wanted wanted;
        private final OwnStages own;
        private final TrainingRecord record;
        private final Instant end;
        private @Nullable DistributedModel model;

        Recruits(Wanted wanted, OwnStages own, TrainingRecord record) {
            this.wanted = wanted;
            this.own = own;
            this.record = record;
            this.end = party.scheduler().now().plus(wanted.options().lifetime());
        }

        @Override
        public Recovery.Started start(Set<PeerId> avoided, Amount spent)
                throws IOException, InterruptedException {
            var price = wanted.options().maxPrice();
            var left = spent.isMoreThan(price) ? Amount.ZERO : price.minus(spent);
            var rest =
                    Duration.between(party.scheduler().now(), end)
                            .truncatedTo(ChronoUnit.SECONDS)
                            .plusSeconds(1);
            var started =
                    attempt(
                            wanted.quietly(),
                            own,
                            new Terms(Origin.of(wanted, record), rest, left),
                            avoided);
            note(wanted, record, started);
            roster.run(started.session().id(), Objects.requireNonNull(model));
            return started;
        }

        @Override
        public boolean expired() {
            return !party.scheduler().now().isBefore(end);
        }

        @Override
        public void over() {
            roster.over(Objects.requireNonNull(model));
            own.close();
        }
    }

    /**
     * How a job of this node stands, also after its end, of the last {@value
     * Roster#REMEMBERED_MAX}; empty for a job that is none of its.
     */
    public Optional<JobReport> report(JobId job) {
        return roster.report(job);
    }

    /** How the jobs of this node stand, oldest first; those that ended last among them. */
    public List<JobReport> reports() {
        return roster.reports();
    }

    /**
     * Gives a job of this node up, while it is started, runs or recovers: every worker frees its
     * stage and is paid for what it did. Whoever uses its model is told by a {@link JobException}.
     *
     * @param reason what its reports will say
     * @return whether there was a job to give up; false when it is over, or none of this node's
     */
    public boolean cancel(JobId job, String reason) {
        return roster.cancel(job, reason);
    }

    /**
     * What this node keeps, as the payer, of its agreement with a worker; empty where nobody
     * judges.
     */
    public Optional<Dossier> dossier(JobId job, Account payee) throws IOException {
        return Dossier.read(folder, job, payee);
    }

    /**
     * Has the arbiter of an agreement judge what is owed to its worker, and settle it on the
     * ledger. Asking again when no answer came is safe.
     *
     * @param voucher the best that the payer has given the worker, where this is the worker
     * @return {@code Paid} with what is paid now, {@code NoChange} when no more is owed
     * @throws IOException when the arbiter is not found, or does not answer in time: it may judge
     *     all the same
     */
    public Outcome dispute(Dossier dossier, Optional<Signed<Voucher>> voucher)
            throws IOException, InterruptedException {
        for (var validator : means.validators().all()) {
            party.host().peers().add(validator);
        }
        var evidence = new Evidence(dossier.receipts(), voucher);
        var dispute =
                new Dispute(
                        dossier.agreement().agreement().digest(party.domain()),
                        party.account().account(),
                        evidence.hash());
        var contest =
                new Question.Contest(
                        dossier.job(), party.account().sign(party.domain(), dispute), evidence);
        var told = asker.ask(dossier.arbiter(), contest, DISPUTE_PATIENCE, Answer.LedgerTold.class);
        return switch (told.answer()) {
            case LedgerAnswer.Came(var outcome) -> outcome;
            case LedgerAnswer.Statement _, LedgerAnswer.Redeemed _ ->
                    throw new ProtocolViolation("ledger answer to a dispute: " + told.answer());
        };
    }

    /** What the ledger that {@code validator} keeps has paid from us to {@code payee}, in all. */
    public Amount redeemed(PeerId validator, Account payee)
            throws IOException, InterruptedException {
        return asker.askLedger(
                        validator,
                        new LedgerQuestion.OfPair(party.account().account(), payee),
                        limits.requestTimeout(),
                        LedgerAnswer.Redeemed.class)
                .amount();
    }

    /** Gives up, in order, the jobs that still run. */
    @Override
    public void close() {
        roster.cancelAll("its user's node was closed");
    }

    /**
     * Starts a job once.
     *
     * @param avoided workers to use only where no others will do; those that fail are added
     */
    private Recovery.Started attempt(Wanted wanted, OwnStages own, Terms terms, Set<PeerId> avoided)
            throws IOException, InterruptedException {
        var from = terms.from();
        var spec =
                wanted.spec()
                        .continuedFrom(
                                from.manifest().digest(), List.copyOf(avoided), terms.lifetime());
        var request =
                party.seals().sealJobRequest(spec, party.account().account(), terms.maxPrice());
        var id = request.content().id();
        var job =
                Job.begin(
                        id,
                        JobJournal.open(folder.resolve(id.hex() + ".journal")),
                        () -> party.scheduler().now());
        wanted.listener().entered(job.state(), "job " + id);
        var starting = new Starting(means.with(own.nodes()), wanted, from, request, job);
        roster.begin(id, starting);
        try {
            var started = starting.run();
            keep(starting.dossiers());
            return started;
        } catch (IOException | InterruptedException | RuntimeException failed) {
            starting.undo(failed);
            avoided.addAll(starting.blamed());
            throw failed;
        } finally {
            roster.begun(id, starting);
        }
    }
}
