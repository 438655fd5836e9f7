package tensorlink.jobs;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.ToIntFunction;
import tensorlink.compute.Architecture;
import tensorlink.compute.Digest;
import tensorlink.compute.format.MemoryWeights;
import tensorlink.compute.format.Weights;
import tensorlink.compute.tensor.Tensor;
import tensorlink.compute.tensor.TensorSpec;
import tensorlink.jobs.job.JobException;
import tensorlink.jobs.job.JobLimits;
import tensorlink.jobs.job.ProblemCode;
import tensorlink.jobs.message.Command;
import tensorlink.jobs.message.Manifest;
import tensorlink.jobs.message.Report;
import tensorlink.jobs.message.WeightsQuestion;
import tensorlink.jobs.party.Party;
import tensorlink.jobs.user.Session;
import tensorlink.jobs.weights.WeightsClient;

/**
 * What the stages of a job hold, read from the workers. Whoever asks has waited until the stages
 * have done what they were told: {@link StageTraffic#settle}.
 */
final class RemoteState {
    private final Party party;
    private final JobLimits limits;
    private final Architecture architecture;

    RemoteState(Party party, JobLimits limits, Architecture architecture) {
        this.party = party;
        this.limits = limits;
        this.architecture = architecture;
    }

    /** The parameters by their Hugging Face names, in the order of the model. */
    List<TensorSpec> parameters() {
        return architecture.tensors(architecture.allLayers());
    }

    /**
     * @throws IllegalArgumentException when there is none of that name
     */
    TensorSpec spec(String name) {
        for (var spec : parameters()) {
            if (spec.name().equals(name)) {
                return spec;
            }
        }
        throw new IllegalArgumentException("no parameter " + name);
    }

    /** All parameters, read from the workers as they are read here. */
    Weights weights(Session session) {
        return new StageWeights(session, parameters(), name -> holders(session, name).getFirst());
    }

    /** Copies of all parameters, which the caller closes. */
    Weights copies(Session session) throws JobException, InterruptedException {
        var copies = new LinkedHashMap<String, Tensor>();
        try {
            for (var spec : parameters()) {
                copies.put(spec.name(), parameter(session, spec));
            }
            return new MemoryWeights(copies);
        } catch (JobException | InterruptedException | RuntimeException failed) {
            copies.values().forEach(Tensor::close);
            throw failed;
        }
    }

    /** A parameter's value, which the caller owns. */
    Tensor parameter(Session session, TensorSpec spec) throws JobException, InterruptedException {
        var holder = holders(session, spec.name()).getFirst();
        return fetch(session, WeightsQuestion.What.PARAMETER, spec, holder);
    }

    /** A parameter's accumulated gradient, of all stages that share it; the caller owns it. */
    Tensor gradient(Session session, TensorSpec spec) throws JobException, InterruptedException {
        Tensor sum = null;
        try {
            for (int holder : holders(session, spec.name())) {
                var part = gradient(session, spec, holder);
                if (sum == null) {
                    sum = part;
                } else {
                    try (part) {
                        sum.add(part);
                    }
                }
            }
            return Objects.requireNonNull(sum);
        } catch (JobException | InterruptedException failed) {
            if (sum != null) {
                sum.close();
            }
            throw failed;
        }
    }

    /** What all replicas of a stage have accumulated, added in their order. */
    private Tensor gradient(Session session, TensorSpec spec, int stage)
            throws JobException, InterruptedException {
        var grid = session.route().grid();
        var sum = fetch(session, WeightsQuestion.What.GRADIENT, spec, stage);
        try {
            for (int replica = 1; replica < grid.replicas(); replica++) {
                int place = grid.place(replica, stage);
                try (var part = fetch(session, WeightsQuestion.What.GRADIENT, spec, place)) {
                    sum.add(part);
                }
            }
            return sum;
        } catch (JobException | InterruptedException failed) {
            sum.close();
            throw failed;
        }
    }

    /**
     * SHA-256 of each parameter's bytes.
     *
     * @param batches how many batches the stages have been sent, to be done before
     */
    Map<String, Digest> digests(Session session, long batches)
            throws JobException, InterruptedException {
        session.tellAll(new Command.Digests(batches));
        var all = new LinkedHashMap<String, Digest>();
        var told = session.awaitAll(Report.DigestsTold.class, limits.batchTimeout(), "the digests");
        for (var link : session.links()) {
            for (var entry : told.get(link.stage()).digests().entrySet()) {
                var before = all.putIfAbsent(entry.getKey(), entry.getValue());
                if (before != null && !before.equals(entry.getValue())) {
                    throw new JobException(
                            ProblemCode.COMPUTE,
                            "the stages disagree",
                            "worker "
                                    + link.plan().worker().id()
                                    + ", "
                                    + session.route().grid().name(link.stage())
                                    + ", holds another "
                                    + entry.getKey()
                                    + " than one before it",
                            "");
                }
            }
        }
        return all;
    }

    /** All that the stages hold: parameters and the optimizer's state. */
    record Held(Manifest manifest, Weights source) {}

    /** What they hold after {@code step}. */
    Held held(Session session, long step) throws JobException, InterruptedException {
        session.tellAll(new Command.Snapshot());
        var taken =
                session.awaitAll(
                        Report.SnapshotTaken.class,
                        limits.batchTimeout(),
                        "the stages to say what they hold");
        var entries = new LinkedHashMap<String, Manifest.Entry>();
        var holders = new LinkedHashMap<String, Integer>();
        for (var link : session.links()) {
            var told = taken.get(link.stage());
            if (told.step() != step) {
                throw link.disobeyed("it is at step " + told.step() + ", not " + step);
            }
            for (var entry : told.manifest().tensors()) {
                var name = entry.tensor().name();
                var before = entries.putIfAbsent(name, entry);
                if (before != null && !before.equals(entry)) {
                    throw link.disobeyed(
                            "it holds another "
                                    + name
                                    + " after step "
                                    + step
                                    + " than "
                                    + session.route().grid().name(holders.getOrDefault(name, 0)));
                }
                holders.putIfAbsent(name, link.stage());
            }
        }
        var manifest = new Manifest(List.copyOf(entries.values()));
        return new Held(
                manifest,
                new StageWeights(
                        session,
                        manifest.tensors().stream().map(Manifest.Entry::tensor).toList(),
                        name -> Objects.requireNonNull(holders.get(name), name)));
    }

    private Tensor fetch(Session session, WeightsQuestion.What what, TensorSpec spec, int stage)
            throws JobException, InterruptedException {
        var tensor = Tensor.allocate(spec.dtype(), spec.shape());
        try (var weights = new StageWeights(session, List.of(spec), _ -> stage)) {
            weights.read(what, spec.name(), 0, tensor.data());
            return tensor;
        } catch (JobException | InterruptedException | RuntimeException failed) {
            tensor.close();
            throw failed;
        }
    }

    /** The stages that hold a parameter: one, or two that share it; of the first replica. */
    private List<Integer> holders(Session session, String name) {
        var holders = new ArrayList<Integer>();
        for (int stage = 0; stage < session.route().grid().stages(); stage++) {
            var layers = session.route().stage(stage).layers();
            if (architecture.tensors(layers).stream().anyMatch(it -> it.name().equals(name))) {
                holders.add(stage);
            }
        }
        if (holders.isEmpty()) {
            throw new IllegalArgumentException("no parameter " + name);
        }
        return holders;
    }

    /** The tensors as they are on the stages now, read from whichever stage holds them. */
    private final class StageWeights implements Weights {
        private final Session session;
        private final List<TensorSpec> tensors;
        private final ToIntFunction<String> holder;
        private final Map<Integer, WeightsClient> clients = new LinkedHashMap<>();

        StageWeights(Session session, List<TensorSpec> tensors, ToIntFunction<String> holder) {
            this.session = session;
            this.tensors = List.copyOf(tensors);
            this.holder = holder;
        }

        @Override
        public List<TensorSpec> tensors() {
            return tensors;
        }

        @Override
        public void read(String name, long offset, MemorySegment target)
                throws JobException, InterruptedException {
            read(WeightsQuestion.What.PARAMETER, name, offset, target);
        }

        void read(WeightsQuestion.What what, String name, long offset, MemorySegment target)
                throws JobException, InterruptedException {
            int stage = holder.applyAsInt(name);
            try {
                client(stage).read(what, name, offset, target);
            } catch (JobException refused) {
                session.check(); // why, if the job has failed meanwhile
                throw refused.code() == ProblemCode.WEIGHTS
                        ? refused
                        : session.links().get(stage).lose(refused);
            } catch (IOException lost) {
                throw session.links().get(stage).lose(lost);
            }
        }

        private WeightsClient client(int stage) throws IOException, InterruptedException {
            var client = clients.get(stage);
            if (client == null) {
                session.check();
                var worker = session.route().stage(stage).worker().id();
                client =
                        WeightsClient.open(
                                party.host(),
                                party.protocols(),
                                worker,
                                session.id(),
                                limits.loadSilence());
                clients.put(stage, client);
            }
            return client;
        }

        @Override
        public void close() {
            clients.values().forEach(WeightsClient::close);
        }
    }
}
