package tensorlink.jobs.worker;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tensorlink.compute.Digest;
import tensorlink.compute.LayerRange;
import tensorlink.compute.TrainingOptions;
import tensorlink.jobs.job.JobId;
import tensorlink.jobs.job.JobLimits;
import tensorlink.jobs.job.JobRequest;
import tensorlink.jobs.job.JobSpec;
import tensorlink.jobs.job.Purpose;
import tensorlink.jobs.job.Sealed;
import tensorlink.jobs.job.Workload;
import tensorlink.jobs.lab.Lab;
import tensorlink.jobs.market.Admission;
import tensorlink.jobs.market.Offer;
import tensorlink.jobs.market.StageMemory;
import tensorlink.jobs.market.Usage;
import tensorlink.jobs.message.Answer;
import tensorlink.jobs.message.Command;
import tensorlink.jobs.message.Protocols;
import tensorlink.jobs.message.Question;
import tensorlink.jobs.message.Report;
import tensorlink.jobs.message.Seals;
import tensorlink.jobs.party.Party;
import tensorlink.jobs.weights.WeightsServer;
import tensorlink.ledger.Account;
import tensorlink.ledger.AccountKey;
import tensorlink.ledger.Agreement;
import tensorlink.ledger.Amount;
import tensorlink.ledger.Bytes32;
import tensorlink.ledger.Domain;
import tensorlink.p2p.Eventually;
import tensorlink.p2p.HostConfig;
import tensorlink.p2p.Libp2p;
import tensorlink.p2p.MemoryNetwork;
import tensorlink.p2p.core.ManualScheduler;
import tensorlink.p2p.core.Stream;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.KeyPair;

/**
 * Whatever validators and users do in whatever order, a worker promises what a model of it says,
 * and never more memory than it lends.
 */
@Timeout(120)
class ReservationsTest {
    private static final int SEQUENCES = 30;
    private static final int STEPS = 30;
    private static final long LITTLE = 4 << 20;
    private static final long MUCH = 64 << 20;
    private static final JobLimits LIMITS = JobLimits.defaults();
    private static final int PER_USER_MAX = 4;
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    @TempDir private Path folder;

    private final MemoryNetwork memory = new MemoryNetwork(1);
    private final ManualScheduler clock = new ManualScheduler();
    private final List<Party> parties = new ArrayList<>();

    @AfterEach
    void close() {
        parties.forEach(party -> party.host().close());
        memory.close();
    }

    private Party party() throws IOException, InterruptedException {
        int number = parties.size();
        var key = KeyPair.generate();
        var host =
                Libp2p.start(
                        key,
                        HostConfig.defaults()
                                .withMemory(memory)
                                .withListen(Multiaddr.parse("/memory/party" + number))
                                .withEventLoops(1));
        var party =
                new Party(
                        host,
                        AccountKey.generate(new Random(number)),
                        Domain.privateNetwork(Lab.NETWORK),
                        new Protocols(Lab.NETWORK),
                        new Seals(key, Lab.NETWORK, clock::now, new Random(number)),
                        clock);
        parties.add(party);
        return party;
    }

    @Test
    void a_worker_never_promises_more_than_it_lends() throws Exception {
        var people = new People(party(), List.of(party(), party()), List.of(party(), party()));
        var seen = EnumSet.noneOf(Seen.class);
        for (int seed = 0; seed < SEQUENCES; seed++) {
            try (var run = new Run(seed, people)) {
                for (int step = 0; step < STEPS; step++) {
                    run.step(step);
                }
                seen.addAll(run.seen);
            }
        }
        assertThat(seen).containsExactlyInAnyOrder(Seen.values());
    }

    private record People(Party worker, List<Party> validators, List<Party> users) {}

    /** What the sequences must have met, so that they prove something. */
    private enum Seen {
        GRANTED,
        NO_ROOM,
        TOO_MANY_OF_ONE_USER,
        TWICE,
        EXPIRED,
        RELEASED,
        RELEASE_OF_ANOTHER,
        CONFIRMED,
        CONFIRMED_TOO_LATE,
        ENDED,
        RESTARTED
    }

    /** What the worker should hold for a job. */
    private static final class Promise {
        final Sealed<JobRequest> request;
        final Party user;
        final Party validator;
        final long bytes;
        final Instant until;
        @Nullable Stream control;

        Promise(
                Sealed<JobRequest> request,
                Party user,
                Party validator,
                long bytes,
                Instant until) {
            this.request = request;
            this.user = user;
            this.validator = validator;
            this.bytes = bytes;
            this.until = until;
        }

        boolean isConfirmed() {
            return control != null;
        }

        Stream control() {
            return Objects.requireNonNull(control);
        }
    }

    private final class Run implements AutoCloseable {
        private final int seed;
        private final long lent;
        private final SplittableRandom random;
        private final People people;
        private final Map<JobId, Promise> model = new LinkedHashMap<>();
        private final List<Promise> expired = new ArrayList<>();
        private final List<String> story = new ArrayList<>();
        private Worker worker;
        private final Set<Seen> seen = EnumSet.noneOf(Seen.class);

        Run(int seed, People people) throws IOException {
            this.seed = seed;
            this.lent =
                    seed % 2 == 0 ? LITTLE : MUCH; // where there is much, users meet their limit
            this.random = new SplittableRandom(seed);
            this.people = people;
            this.worker = start();
        }

        private Worker start() throws IOException {
            var started =
                    new Worker(
                            people.worker(),
                            Lab.ENGINE,
                            new WorkerTerms(
                                    lent,
                                    1,
                                    new tensorlink.compute.Speed(1e10, 1e10, 1e9, 1e10),
                                    Amount.ZERO,
                                    folder.resolve("worker" + seed),
                                    LIMITS),
                            new WeightsServer(),
                            (_, _) -> {});
            started.start();
            return started;
        }

        void step(int step) throws IOException, InterruptedException {
            int dice = random.nextInt(100);
            if (dice < 45) {
                offer();
            } else if (dice < 55) {
                pass(Duration.ofSeconds(random.nextInt(1, 40)));
            } else if (dice < 70) {
                release();
            } else if (dice < 87) {
                confirm();
            } else if (dice < 97) {
                end();
            } else {
                restart();
            }
            requireAsModelled(step);
        }

        private void note(Seen what, String text) {
            seen.add(what);
            story.add(what + " " + text);
        }

        private void requireAsModelled(int step) {
            long promised = model.values().stream().mapToLong(it -> it.bytes).sum();
            assertThat(promised).as("%s", this).isLessThanOrEqualTo(lent);
            assertThat(worker.capability().freeBytes())
                    .as("free at step %d of %s", step, this)
                    .isEqualTo(lent - promised);
            assertThat(worker.stints().stream().map(Worker.Stint::job))
                    .as("jobs at step %d of %s", step, this)
                    .containsExactlyInAnyOrderElementsOf(model.keySet());
        }

        private <T> T any(List<T> list) {
            return list.get(random.nextInt(list.size()));
        }

        private Sealed<JobRequest> request(Party user) {
            var spec =
                    new JobSpec(
                            Purpose.TRAINING,
                            ByteString.copyFrom(Lab.model().config().json()),
                            Digest.of(new byte[0]),
                            0,
                            new Workload(random.nextInt(1, 9), 16, 1),
                            TrainingOptions.defaults(),
                            List.of(),
                            Duration.ofDays(1));
            return user.seals().sealJobRequest(spec, user.account().account(), Amount.ZERO);
        }

        private void offer() throws IOException, InterruptedException {
            var user = any(people.users());
            var validator = any(people.validators());
            boolean again = !model.isEmpty() && random.nextInt(8) == 0;
            var request = again ? any(List.copyOf(model.values())).request : request(user);
            var layers = new LayerRange(0, random.nextInt(1, 4));
            long bytes = StageMemory.bytes(Lab.model().config(), layers, request.content().spec());
            long free = lent - model.values().stream().mapToLong(it -> it.bytes).sum();
            long waiting =
                    model.values().stream()
                            .filter(it -> !it.isConfirmed())
                            .filter(it -> it.request.signer().equals(request.signer()))
                            .count();

            var admission =
                    ((Answer.Admitted)
                                    worker.answer(
                                            validator.id(),
                                            new Question.MakeOffer(
                                                    validator
                                                            .seals()
                                                            .sealOffer(
                                                                    new Offer(
                                                                            request, 0, 1, layers,
                                                                            0))),
                                            _ -> {}))
                            .admission();

            var text = request.content().id() + " of " + bytes + ", free " + free;
            if (model.containsKey(request.content().id())) {
                note(Seen.TWICE, text);
                requireDeclined(admission, Admission.Reason.MALFORMED);
            } else if (waiting >= PER_USER_MAX) {
                note(Seen.TOO_MANY_OF_ONE_USER, text);
                requireDeclined(admission, Admission.Reason.NO_MEMORY);
            } else if (bytes > free) {
                note(Seen.NO_ROOM, text);
                requireDeclined(admission, Admission.Reason.NO_MEMORY);
            } else {
                note(Seen.GRANTED, text);
                var until = clock.now().plus(LIMITS.reservation());
                assertThat(admission)
                        .as("%s", this)
                        .isEqualTo(
                                new Admission.Accepted(
                                        until, people.worker().account().account(), Amount.ZERO));
                model.put(
                        request.content().id(),
                        new Promise(request, user, validator, bytes, until));
            }
        }

        private void requireDeclined(Admission admission, Admission.Reason reason) {
            assertThat(admission)
                    .as("%s", this)
                    .isInstanceOfSatisfying(
                            Admission.Declined.class,
                            declined -> assertThat(declined.reason()).isEqualTo(reason));
        }

        /** Reservations that nobody has taken up end by themselves. */
        private void pass(Duration time) {
            clock.advance(time);
            for (var promise : List.copyOf(model.values())) {
                if (!promise.isConfirmed() && !clock.now().isBefore(promise.until)) {
                    note(Seen.EXPIRED, promise.request.content().id().toString());
                    model.remove(promise.request.content().id());
                    expired.add(promise);
                }
            }
        }

        private void release() throws IOException, InterruptedException {
            if (model.isEmpty()) {
                return;
            }
            var promise = any(List.copyOf(model.values()));
            var id = promise.request.content().id();
            var validator = any(people.validators());
            worker.answer(validator.id(), new Question.ReleaseOffer(id), _ -> {});
            if (promise.isConfirmed()) {
                story.add("not released, as confirmed " + id);
            } else if (!validator.id().equals(promise.validator.id())) {
                note(Seen.RELEASE_OF_ANOTHER, id.toString());
            } else {
                note(Seen.RELEASED, id.toString());
                model.remove(id);
                expired.add(promise);
            }
        }

        /** The user comes and signs. */
        private void confirm() throws IOException, InterruptedException {
            boolean late = !expired.isEmpty() && random.nextInt(4) == 0;
            var waiting =
                    late
                            ? expired
                            : model.values().stream().filter(it -> !it.isConfirmed()).toList();
            if (waiting.isEmpty()) {
                return;
            }
            var promise = any(waiting);
            var id = promise.request.content().id();
            var user = promise.user;
            user.host().peers().add(people.worker().host().info());
            var stream = user.host().open(people.worker().id(), user.protocols().control());
            stream.timeout(PATIENCE);
            var agreement = agreement(promise.request.content());
            var signature = user.account().sign(agreement.digest(user.domain()));
            stream.writeMessage(new Command.Open(id, agreement, signature).encode());
            boolean signed;
            try {
                signed =
                        Report.decode(stream.readMessage(Report.BYTES_MAX))
                                instanceof Report.Opened;
            } catch (IOException refused) {
                signed = false;
            }
            assertThat(signed).as("%s %s", id, this).isEqualTo(!late);
            if (late) {
                note(Seen.CONFIRMED_TOO_LATE, id.toString());
                stream.reset();
            } else {
                note(Seen.CONFIRMED, id.toString());
                promise.control = stream;
            }
        }

        private Agreement agreement(JobRequest content) {
            var now = clock.now().truncatedTo(ChronoUnit.SECONDS);
            return new Agreement(
                    content.id().word(),
                    content.payer(),
                    people.worker().account().account(),
                    Amount.ZERO,
                    Amount.ZERO,
                    Bytes32.keccak(Usage.UNIT),
                    now,
                    now.plus(content.spec().lifetime()),
                    content.specHash(),
                    Account.ZERO,
                    content.salt());
        }

        /** A user goes away, in order or not. */
        private void end() throws IOException, InterruptedException {
            var confirmed = model.values().stream().filter(Promise::isConfirmed).toList();
            if (confirmed.isEmpty()) {
                return;
            }
            var promise = any(confirmed);
            var id = promise.request.content().id();
            note(Seen.ENDED, id.toString());
            if (random.nextBoolean()) {
                promise.control().writeMessage(new Command.Close("cancelled", "").encode());
            } else {
                promise.control().reset();
            }
            model.remove(id);
            Eventually.until(
                    () -> "job " + id + " ends, " + this,
                    () -> worker.stints().stream().noneMatch(it -> it.job().equals(id)));
            promise.control().reset();
        }

        /** Nothing is remembered of what was promised, and so nothing is held. */
        private void restart() throws IOException {
            note(Seen.RESTARTED, model.size() + " promises forgotten");
            worker.close();
            for (var promise : model.values()) {
                if (promise.isConfirmed()) {
                    promise.control().reset();
                } else {
                    expired.add(promise);
                }
            }
            model.clear();
            worker = start();
        }

        @Override
        public String toString() {
            return "seed " + seed + ": " + String.join("; ", story);
        }

        @Override
        public void close() {
            for (var promise : model.values()) {
                if (promise.isConfirmed()) {
                    promise.control().reset();
                }
            }
            worker.close();
        }
    }
}
