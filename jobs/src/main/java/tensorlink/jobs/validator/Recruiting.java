package tensorlink.jobs.validator;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import tensorlink.compute.Architecture;
import tensorlink.compute.LayerRange;
import tensorlink.compute.Work;
import tensorlink.compute.format.ModelFormatException;
import tensorlink.compute.tensor.TensorSpec;
import tensorlink.jobs.exchange.Asker;
import tensorlink.jobs.job.Grid;
import tensorlink.jobs.job.JobException;
import tensorlink.jobs.job.JobLimits;
import tensorlink.jobs.job.JobRequest;
import tensorlink.jobs.job.JobSpec;
import tensorlink.jobs.job.OwnStage;
import tensorlink.jobs.job.ProblemCode;
import tensorlink.jobs.job.Purpose;
import tensorlink.jobs.job.Sealed;
import tensorlink.jobs.market.Admission;
import tensorlink.jobs.market.JobPlan;
import tensorlink.jobs.market.Link;
import tensorlink.jobs.market.Offer;
import tensorlink.jobs.market.Partition;
import tensorlink.jobs.market.Prediction;
import tensorlink.jobs.market.StageMemory;
import tensorlink.jobs.market.StagePlan;
import tensorlink.jobs.market.Team;
import tensorlink.jobs.message.Answer;
import tensorlink.jobs.message.Question;
import tensorlink.jobs.party.Party;
import tensorlink.ledger.Account;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.peer.PeerInfo;

/**
 * One job's search for workers: asks everyone what it offers, plans, makes offers, and goes to the
 * next candidate where one is declined or not answered. For one thread.
 */
final class Recruiting {
    /** How often a plan is made anew because of what was learnt of the links in it. */
    private static final int LINK_ROUNDS_MAX = 3;

    private final Party party;
    private final Asker asker;
    private final JobLimits limits;
    private final Sealed<JobRequest> request;
    private final Account arbiter;
    private final Consumer<Answer.Progressed> progress;
    private final Architecture config;
    private final Partition.Costs costs;
    private final Survey survey;
    private final LinkBook links;
    private Partition partition;
    private final Set<PeerId> shunned;
    private final Map<PeerId, Survey.Offering> offerings = new HashMap<>();
    private final Set<PeerId> excluded = new HashSet<>();
    private final List<String> refusals = new ArrayList<>();

    /**
     * @param arbiter who judges disputes over the job; {@link Account#ZERO} for nobody
     * @param links what is known of how workers reach each other
     * @param missed workers that are silent now, to be used only where no others will do
     * @throws JobException when the model is not one that can be planned
     */
    Recruiting(
            Party party,
            Asker asker,
            JobLimits limits,
            Sealed<JobRequest> request,
            Account arbiter,
            LinkBook links,
            Set<PeerId> missed,
            Consumer<Answer.Progressed> progress)
            throws JobException {
        this.party = party;
        this.asker = asker;
        this.limits = limits;
        this.request = request;
        this.arbiter = arbiter;
        this.progress = progress;
        this.links = links;
        this.survey = new Survey(party, asker, limits);
        this.shunned = new LinkedHashSet<>(request.content().spec().avoided());
        this.shunned.addAll(missed);
        var spec = request.content().spec();
        try {
            this.config = Architecture.parse("job request", spec.config().toByteArray());
            config.requireReplicas(spec.training().replicas());
        } catch (ModelFormatException | IllegalArgumentException unsupported) {
            throw new JobException(
                    ProblemCode.MALFORMED,
                    "job refused",
                    String.valueOf(unsupported.getMessage()),
                    "");
        }
        this.costs = new SpecCosts(config, spec, links);
        this.partition = new Partition(config.layers(), costs);
    }

    /** What a stage of a job costs. */
    private record SpecCosts(Architecture config, JobSpec spec, LinkBook links)
            implements Partition.Costs {
        @Override
        public boolean mayCut(int cut) {
            return config.separable(cut);
        }

        @Override
        public long memory(LayerRange range, int stage, int stages) {
            return StageMemory.bytes(config, range, spec);
        }

        @Override
        public Work work(LayerRange range) {
            return Recruiting.work(config, range, spec);
        }

        @Override
        public int microBatches() {
            return spec.purpose() == Purpose.TRAINING
                    ? spec.workload().microBatches() / spec.training().replicas()
                    : 1;
        }

        @Override
        public double bytesBetween() {
            return bytesPerHop(config, spec);
        }

        @Override
        public int crossings() {
            return spec.purpose() == Purpose.TRAINING ? 2 : 1;
        }

        @Override
        public double gradientBytes(LayerRange range) {
            return config.trained(range, spec.training().frozen()).stream()
                    .mapToDouble(TensorSpec::byteSize)
                    .sum();
        }

        @Override
        public Link link(PeerId from, PeerId to) {
            return links.between(from, to);
        }
    }

    /**
     * Finds workers among {@code known}.
     *
     * @throws JobException when there are too few, or they lend too little
     */
    JobPlan recruit(List<PeerInfo> known) throws JobException, InterruptedException {
        progress("planned", "asking " + counted(known.size(), "worker"));
        placeOwn();
        offerings.putAll(
                survey.of(known.stream().filter(it -> !shunned.contains(it.id())).toList()));
        var rest = known.stream().filter(it -> shunned.contains(it.id())).toList();
        if (rest.isEmpty()) {
            return recruit();
        }
        try {
            return recruit();
        } catch (JobException tooFew) {
            return recruitAlso(rest, tooFew);
        }
    }

    /** Asks the user's own nodes, whose stages are given. */
    private void placeOwn() throws JobException, InterruptedException {
        var own = request.content().spec().own();
        if (own.isEmpty()) {
            return;
        }
        requireEnds(own);
        var nodes = survey.of(own.stream().map(it -> new PeerInfo(it.node(), List.of())).toList());
        var ends = new ArrayList<Partition.Held>();
        for (var stage : own) {
            var offering = nodes.get(stage.node());
            if (offering == null) {
                throw new JobException(
                        ProblemCode.NO_CAPACITY,
                        "no workers for this job",
                        "its user's own node "
                                + stage.node().shortText()
                                + " for "
                                + stage.layers()
                                + " does not answer",
                        "ask again");
            }
            offerings.put(stage.node(), offering);
            ends.add(new Partition.Held(candidate(offering), stage.layers()));
        }
        partition = new Partition(config.layers(), costs, ends);
    }

    private void requireEnds(List<OwnStage> own) throws JobException {
        for (var stage : own) {
            var layers = stage.layers();
            boolean atAnEnd = layers.first() == 0 ^ layers.end() == config.layers();
            int cut = layers.first() == 0 ? layers.end() : layers.first();
            if (layers.end() > config.layers() || !atAnEnd || !config.separable(cut)) {
                throw new JobException(
                        ProblemCode.MALFORMED,
                        "job refused",
                        "its user's own "
                                + layers
                                + " of "
                                + config.layers()
                                + " are not an end that the model can be cut at",
                        "keep some of the first layers, or of the last, and leave some");
            }
        }
    }

    private boolean isOwn(PeerId node) {
        return request.content().spec().own().stream().anyMatch(it -> it.node().equals(node));
    }

    /** Takes as few as will do of those that are to be avoided, the first ones first. */
    private JobPlan recruitAlso(List<PeerInfo> rest, JobException tooFew)
            throws JobException, InterruptedException {
        var last = tooFew;
        var reserve =
                last.code() == ProblemCode.NO_CAPACITY
                        ? survey.of(rest)
                        : Map.<PeerId, Survey.Offering>of();
        for (var avoided : shunned) {
            var offering = reserve.get(avoided);
            if (offering == null) {
                continue;
            }
            progress("planned", "trying " + avoided.shortText() + ", which is to be avoided");
            offerings.put(avoided, offering);
            try {
                return recruit();
            } catch (JobException stillTooFew) {
                last = stillTooFew;
            }
        }
        throw last;
    }

    private JobPlan recruit() throws JobException, InterruptedException {
        while (true) {
            var accepted = offer(planned());
            if (accepted != null) {
                return accepted;
            }
        }
    }

    /** A plan that knows the links it uses, or has looked for others with better ones in vain. */
    private Partition.Result.Placed planned() throws JobException, InterruptedException {
        var own = new HashSet<PeerId>();
        request.content().spec().own().forEach(stage -> own.add(stage.node()));
        var placed = plan();
        for (int round = 0; round < LINK_ROUNDS_MAX; round++) {
            if (!links.learn(pairs(placed.assignments()), own)) {
                break;
            }
            placed = plan();
        }
        return placed;
    }

    /** Who sends each other tensors: neighbours of a pipeline, and of the replicas of a stage. */
    private List<LinkBook.Pair> pairs(List<Partition.Assignment> assignments) {
        var grid = Grid.of(assignments.stream().map(Partition.Assignment::layers).toList());
        var workers =
                assignments.stream()
                        .map(it -> Objects.requireNonNull(offerings.get(it.worker())).worker())
                        .toList();
        var pairs = new ArrayList<LinkBook.Pair>();
        for (int place = 0; place < grid.size(); place++) {
            if (!grid.isFirst(place)) {
                pairs.add(new LinkBook.Pair(workers.get(place - 1), workers.get(place)));
            }
            if (grid.replica(place) > 0) {
                pairs.add(
                        new LinkBook.Pair(workers.get(place - grid.stages()), workers.get(place)));
            }
        }
        return pairs;
    }

    private Partition.Result.Placed plan() throws JobException {
        var spec = request.content().spec();
        for (var stage : spec.own()) {
            if (excluded.contains(stage.node())) {
                throw new JobException(
                        ProblemCode.NO_CAPACITY,
                        "no workers for this job",
                        "its user's own node does not take its part" + because(),
                        "");
            }
        }
        requireWholeSplit(spec.split());
        int replicas = spec.training().replicas();
        var teams =
                spec.pinned().isEmpty()
                        ? Team.alike(candidates(), replicas)
                        : Team.of(pinned(spec.pinned()), replicas);
        var stages = teams.stream().map(Team::asOne).toList();
        Partition.Result result;
        if (spec.pinned().isEmpty()) {
            result = partition.plan(spec.workers(), stages);
        } else if (spec.split().isEmpty()) {
            result = partition.planInOrder(stages);
        } else {
            result = partition.judge(stages, spec.split());
        }
        return switch (result) {
            case Partition.Result.Placed(var assignments, double seconds) ->
                    new Partition.Result.Placed(
                            replicas == 1 ? assignments : Team.spread(assignments, teams), seconds);
            case Partition.Result.TooFewWorkers(int wanted, int found) ->
                    throw new JobException(
                            ProblemCode.NO_CAPACITY,
                            "no workers for this job",
                            counted(wanted * replicas, "worker")
                                    + " wanted, "
                                    + (wanted > partition.parts()
                                            ? "the model can be cut into " + partition.parts()
                                            : (replicas == 1 ? found : candidates().size())
                                                    + " can be had")
                                    + because(),
                            "start more workers, or ask for fewer");
            case Partition.Result.TooLittleMemory(
                            long needed,
                            long offered,
                            long missing,
                            int parts) ->
                    throw new JobException(
                            ProblemCode.NO_CAPACITY,
                            "the model does not fit",
                            String.format(
                                    Locale.ROOT,
                                    "it needs %s on %s, which offer %s%s",
                                    mebibytes(needed),
                                    counted(parts, "worker")
                                            + (replicas == 1
                                                    ? ""
                                                    : " for each of " + replicas + " replicas"),
                                    mebibytes(offered),
                                    because()),
                            "lend "
                                    + mebibytes(missing)
                                    + " more on one worker, use more workers, or a smaller batch");
        };
    }

    private void requireWholeSplit(List<LayerRange> split) throws JobException {
        var own = request.content().spec().own();
        boolean keepsLast = !own.isEmpty() && own.getLast().layers().first() > 0;
        int end = keepsLast ? own.getLast().layers().first() : config.layers();
        if (!split.isEmpty() && split.getLast().end() != end) {
            throw new JobException(
                    ProblemCode.MALFORMED,
                    "job refused",
                    "its plan has "
                            + counted(split.getLast().end(), "layer")
                            + ", the model "
                            + end
                            + (keepsLast ? " before those of its user's own" : ""),
                    "name each layer of the model once");
        }
        for (var range : split) {
            if (!config.separable(range.end())) {
                throw new JobException(
                        ProblemCode.MALFORMED,
                        "job refused",
                        "its plan parts layers that share tensors, before layer " + range.end(),
                        "let one stage have both");
            }
        }
    }

    private List<Partition.Candidate> candidates() {
        return offerings.values().stream()
                .filter(offering -> !excluded.contains(offering.worker().id()))
                .filter(offering -> !isOwn(offering.worker().id()))
                .map(Recruiting::candidate)
                .toList();
    }

    private List<Partition.Candidate> pinned(List<PeerId> workers) throws JobException {
        var candidates = new ArrayList<Partition.Candidate>();
        for (var worker : workers) {
            var offering = offerings.get(worker);
            if (offering == null || excluded.contains(worker)) {
                throw new JobException(
                        ProblemCode.NO_CAPACITY,
                        "no workers for this job",
                        "pinned worker " + worker.shortText() + " is not to be had" + because(),
                        "pin another, or none");
            }
            candidates.add(candidate(offering));
        }
        return candidates;
    }

    private static Partition.Candidate candidate(Survey.Offering offering) {
        return new Partition.Candidate(
                offering.worker().id(),
                offering.capability().freeBytes(),
                offering.capability().speed());
    }

    /**
     * Offers a plan, going to the next candidate where one declines; null when a new plan is due.
     */
    private @Nullable JobPlan offer(Partition.Result.Placed planned) throws InterruptedException {
        var assignments = new ArrayList<>(planned.assignments());
        var accepted = new HashMap<Integer, Admission.Accepted>();
        boolean complete = false;
        try {
            complete = offer(assignments, accepted);
            return complete ? jobPlan(assignments, accepted) : null;
        } finally {
            if (!complete) {
                // Also when the user, who is told of the progress, is gone.
                new Release(party, asker, limits)
                        .workers(
                                request.content().id(),
                                accepted.keySet().stream()
                                        .map(stage -> assignments.get(stage).worker())
                                        .toList());
            }
        }
    }

    private boolean offer(
            List<Partition.Assignment> assignments, Map<Integer, Admission.Accepted> accepted)
            throws InterruptedException {
        while (accepted.size() < assignments.size()) {
            var declined = new HashMap<Integer, Admission.Declined>();
            // Who has accepted is to be told when it comes to nothing, so all that first.
            askStages(assignments, accepted.keySet())
                    .forEach((stage, admission) -> {
                        switch (admission) {
                            case Admission.Accepted acceptance -> accepted.put(stage, acceptance);
                            case Admission.Declined declination -> declined.put(stage, declination);
                        }
                    });
            for (var entry : declined.entrySet()) {
                int stage = entry.getKey();
                var worker = assignments.get(stage).worker();
                excluded.add(worker);
                refusals.add(
                        worker.shortText()
                                + " "
                                + phrase(entry.getValue().reason())
                                + entry.getValue().detail());
                progress("recruiting", refusals.getLast());
                var substitute = substitute(assignments, stage);
                if (substitute == null) {
                    return false;
                }
                assignments.set(stage, substitute);
            }
        }
        return true;
    }

    private Map<Integer, Admission> askStages(
            List<Partition.Assignment> assignments, Set<Integer> done) throws InterruptedException {
        var lock = new ReentrantLock();
        var answers = new HashMap<Integer, Admission>();
        var asking = new ArrayList<Thread>();
        var open =
                IntStream.range(0, assignments.size())
                        .filter(stage -> !done.contains(stage))
                        .toArray();
        // The user may be gone, which must not come between two workers that are asked: what one
        // of them then accepts would never be taken back.
        for (int stage : open) {
            var assignment = assignments.get(stage);
            progress(
                    "recruiting",
                    "offering " + assignment.layers() + " to " + assignment.worker().shortText());
        }
        for (int stage : open) {
            var assignment = assignments.get(stage);
            asking.add(
                    party.scheduler()
                            .fork(
                                    "offer-" + assignment.worker().shortText(),
                                    () -> {
                                        var admission =
                                                askStage(assignment, stage, assignments.size());
                                        lock.lock();
                                        try {
                                            answers.put(stage, admission);
                                        } finally {
                                            lock.unlock();
                                        }
                                    }));
        }
        for (var thread : asking) {
            thread.join();
        }
        return answers;
    }

    private Admission askStage(Partition.Assignment assignment, int stage, int stages) {
        var offer =
                new Offer(
                        request,
                        stage,
                        stages,
                        assignment.layers(),
                        assignment.memoryBytes(),
                        arbiter);
        try {
            return asker.ask(
                            assignment.worker(),
                            new Question.MakeOffer(party.seals().sealOffer(offer)),
                            limits.offerTimeout(),
                            Answer.Admitted.class)
                    .admission();
        } catch (IOException silent) {
            return new Admission.Declined(
                    Admission.Reason.SILENT, String.valueOf(silent.getMessage()));
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            return new Admission.Declined(Admission.Reason.SILENT, "interrupted");
        }
    }

    /** Another worker that can hold the same layers, if there is one; never for pinned workers. */
    private Partition.@Nullable Assignment substitute(
            List<Partition.Assignment> assignments, int stage) {
        if (!request.content().spec().pinned().isEmpty()
                || isOwn(assignments.get(stage).worker())) {
            return null;
        }
        var taken = new HashSet<PeerId>();
        assignments.forEach(assignment -> taken.add(assignment.worker()));
        var vacant = assignments.get(stage);
        Partition.Candidate best = null;
        for (var candidate : candidates()) {
            if (!taken.contains(candidate.worker())
                    && candidate.freeBytes() >= vacant.memoryBytes()
                    && (best == null || candidate.freeBytes() > best.freeBytes())) {
                best = candidate;
            }
        }
        return best == null
                ? null
                : new Partition.Assignment(best.worker(), vacant.layers(), vacant.memoryBytes());
    }

    private JobPlan jobPlan(
            List<Partition.Assignment> assignments, Map<Integer, Admission.Accepted> accepted) {
        var stages = new ArrayList<StagePlan>();
        for (int stage = 0; stage < assignments.size(); stage++) {
            var assignment = assignments.get(stage);
            var acceptance = Objects.requireNonNull(accepted.get(stage));
            var offering = Objects.requireNonNull(offerings.get(assignment.worker()));
            stages.add(
                    new StagePlan(
                            offering.worker(),
                            assignment.layers(),
                            assignment.memoryBytes(),
                            acceptance.account(),
                            acceptance.unitPrice()));
        }
        return new JobPlan(request.content().id(), stages, predicted(assignments), arbiter);
    }

    /** Of who is there in the end: a substitute may be slower than who was planned with. */
    private Duration predicted(List<Partition.Assignment> assignments) {
        var workers = new ArrayList<Partition.Candidate>();
        var layers = new ArrayList<LayerRange>();
        for (var assignment : assignments) {
            var offering = offerings.get(assignment.worker());
            workers.add(candidate(Objects.requireNonNull(offering)));
            layers.add(assignment.layers());
        }
        var grid = Grid.of(layers);
        var prediction = new Prediction(grid, workers, layers.subList(0, grid.stages()), costs);
        var spec = request.content().spec();
        double seconds =
                switch (spec.purpose()) {
                    case TRAINING -> prediction.seconds(spec.training().schedule());
                    case INFERENCE -> prediction.secondsOfPass();
                };
        return Duration.ofNanos((long) (seconds * 1e9));
    }

    private static Work work(Architecture config, LayerRange range, JobSpec spec) {
        var workload = spec.workload();
        return switch (spec.purpose()) {
            case TRAINING -> Work.ofTraining(config, range, workload.rows(), workload.length());
            case INFERENCE -> Work.ofGenerating(config, range);
        };
    }

    /** Of a micro-batch and its gradient, or of a token. */
    private static double bytesPerHop(Architecture config, JobSpec spec) {
        double perPosition = (double) config.positionBytes().edge();
        return switch (spec.purpose()) {
            case TRAINING -> 2 * perPosition * spec.workload().rows() * spec.workload().length();
            case INFERENCE -> perPosition;
        };
    }

    private void progress(String state, String detail) {
        progress.accept(new Answer.Progressed(state, detail));
    }

    private String because() {
        return refusals.isEmpty() ? "" : "; " + String.join("; ", refusals);
    }

    private static String phrase(Admission.Reason reason) {
        return switch (reason) {
            case NO_MEMORY -> "has no memory: ";
            case PRICE_TOO_LOW -> "wants more: ";
            case STOPPING -> "stops: ";
            case NOT_TRUSTED -> "does not trust the offer: ";
            case MALFORMED -> "does not understand the offer: ";
            case UNSUPPORTED_MODEL -> "cannot run the model: ";
            case SILENT -> "does not answer: ";
        };
    }

    private static String counted(int count, String noun) {
        return count + " " + noun + (count == 1 ? "" : "s");
    }

    private static String mebibytes(long bytes) {
        return String.format(Locale.ROOT, "%.1f MiB", bytes / (double) (1 << 20));
    }
}
