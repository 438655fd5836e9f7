package tensorlink.jobs.message;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Parser;
import java.security.SignatureException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.random.RandomGenerator;
import tensorlink.compute.LayerRange;
import tensorlink.compute.Speed;
import tensorlink.jobs.job.JobId;
import tensorlink.jobs.job.JobRequest;
import tensorlink.jobs.job.JobSpec;
import tensorlink.jobs.job.OwnStage;
import tensorlink.jobs.job.Purpose;
import tensorlink.jobs.job.Sealed;
import tensorlink.jobs.job.Workload;
import tensorlink.jobs.market.Capability;
import tensorlink.jobs.market.Offer;
import tensorlink.jobs.wire.JobSpecMessage;
import tensorlink.jobs.wire.Seal;
import tensorlink.jobs.wire.SpeedMessage;
import tensorlink.ledger.Account;
import tensorlink.ledger.Amount;
import tensorlink.ledger.Bytes32;
import tensorlink.p2p.core.ProtocolViolation;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.peer.SignedEnvelope;

/**
 * Signs what this node says about jobs, and checks what others signed.
 *
 * <p>A sealed message is valid on one network, for one purpose, for at most {@link #LIFETIME_MAX}
 * from when it was made, clocks differing by up to {@link #SKEW}; those that ask for something are
 * accepted once. Safe for use by any thread.
 */
public final class Seals {
    public static final Duration LIFETIME_MAX = Duration.ofMinutes(10);
    public static final Duration SKEW = Duration.ofMinutes(1);

    private static final Duration LIFETIME = Duration.ofMinutes(5);
    private static final int NONCE_BYTES = 16;
    private static final int NONCES_MAX = 1 << 16;
    private static final ByteString JOB_REQUEST =
            ByteString.copyFromUtf8("/tensorlink/job-request");
    private static final ByteString WORK = ByteString.copyFromUtf8("/tensorlink/work");
    private static final ByteString OFFER = ByteString.copyFromUtf8("/tensorlink/offer");
    private static final ByteString CAPABILITY = ByteString.copyFromUtf8("/tensorlink/capability");

    private final KeyPair key;
    private final String network;
    private final InstantSource clock;
    private final RandomGenerator random;
    private final Nonces requests = new Nonces(NONCES_MAX);
    private final Nonces offers = new Nonces(NONCES_MAX);

    /**
     * @param random unpredictable to others
     */
    public Seals(KeyPair key, String network, InstantSource clock, RandomGenerator random) {
        this.key = key;
        this.network = network;
        this.clock = clock;
        this.random = random;
    }

    /** Makes and seals a request for a job, with a fresh salt. */
    public Sealed<JobRequest> sealJobRequest(JobSpec spec, Account payer, Amount maxPrice) {
        var encodedSpec = encode(spec);
        var salt = new Bytes32(bytes(Bytes32.SIZE));
        var envelope =
                seal(
                        JOB_REQUEST,
                        tensorlink.jobs.wire.JobRequest.newBuilder()
                                .setSeal(fresh())
                                .setSpec(encodedSpec)
                                .setPayer(payer.bytes())
                                .setMaxPrice(maxPrice.encode())
                                .setSalt(salt.bytes())
                                .build()
                                .toByteString());
        var request = request(encodedSpec, spec, key.peerId(), payer, maxPrice, salt);
        return new Sealed<>(request, key.peerId(), envelope);
    }

    /**
     * Reads a request for a job that its user hands in. The same envelope is accepted once.
     *
     * @throws SealException when the seal does not hold here and now
     * @throws ProtocolViolation when what is sealed is malformed
     */
    public Sealed<JobRequest> openJobRequest(ByteString envelope)
            throws SealException, ProtocolViolation {
        var opened = open(JOB_REQUEST, envelope, tensorlink.jobs.wire.JobRequest.parser());
        requests.use(
                opened.message().getSeal().getNonce(),
                check(opened.message().getSeal()),
                clock.instant());
        return jobRequest(opened, envelope);
    }

    /**
     * Reads a request for a job that was accepted before, here or elsewhere: it need not be fresh,
     * and may come again.
     *
     * @throws SealException when it is not signed, or for another network
     * @throws ProtocolViolation when what is sealed is malformed
     */
    public Sealed<JobRequest> reopenJobRequest(ByteString envelope)
            throws SealException, ProtocolViolation {
        var opened = open(JOB_REQUEST, envelope, tensorlink.jobs.wire.JobRequest.parser());
        requireHere(opened.message().getSeal());
        return jobRequest(opened, envelope);
    }

    /** Makes and seals an offer. */
    public ByteString sealOffer(Offer offer) {
        return seal(
                OFFER,
                tensorlink.jobs.wire.Offer.newBuilder()
                        .setSeal(fresh())
                        .setJob(Fields.bytes(offer.request().content().id()))
                        .setJobRequest(offer.request().envelope())
                        .setStage(offer.stage())
                        .setStages(offer.stages())
                        .setFirstLayer(offer.layers().first())
                        .setEndLayer(offer.layers().end())
                        .setMemoryBytes(offer.memoryBytes())
                        .setArbiter(Fields.bytes(offer.arbiter()))
                        .build()
                        .toByteString());
    }

    /**
     * Reads an offer and the user's request in it. The same envelope is accepted once.
     *
     * @throws SealException when one of the two seals does not hold here and now
     * @throws ProtocolViolation when what is sealed is malformed
     */
    public Sealed<Offer> openOffer(ByteString envelope) throws SealException, ProtocolViolation {
        var opened = open(OFFER, envelope, tensorlink.jobs.wire.Offer.parser());
        var message = opened.message();
        offers.use(message.getSeal().getNonce(), check(message.getSeal()), clock.instant());
        var requested =
                open(
                        JOB_REQUEST,
                        message.getJobRequest(),
                        tensorlink.jobs.wire.JobRequest.parser());
        check(requested.message().getSeal());
        var request = jobRequest(requested, message.getJobRequest());
        if (!Fields.job(message.getJob()).equals(request.content().id())) {
            throw new ProtocolViolation("offer: job is not that of the request");
        }
        LayerRange layers = Fields.layers(message.getFirstLayer(), message.getEndLayer());
        var offer =
                Fields.read(
                        "offer",
                        () ->
                                new Offer(
                                        request,
                                        message.getStage(),
                                        message.getStages(),
                                        layers,
                                        message.getMemoryBytes(),
                                        Fields.accountOrNobody(message.getArbiter())));
        return new Sealed<>(offer, opened.signer(), envelope);
    }

    /** Seals what this validator says of a job that is complete. */
    public ByteString sealWork(WorkStatement work) {
        return seal(WORK, work.encode());
    }

    /**
     * Reads what a validator says of a job that is complete. It need not be fresh, and may come
     * again; what it says is not checked here.
     *
     * @throws SealException when one of the seals in it does not hold
     * @throws ProtocolViolation when it is malformed
     */
    public Sealed<WorkStatement> openWork(ByteString envelope)
            throws SealException, ProtocolViolation {
        var opened = open(WORK, envelope, tensorlink.jobs.wire.WorkStatement.parser());
        var request = reopenJobRequest(opened.message().getJobRequest());
        return new Sealed<>(
                WorkStatement.decode(request, opened.message()), opened.signer(), envelope);
    }

    /** Seals what this node offers, in answer to a question with {@code nonce}. */
    public ByteString sealCapability(Capability capability, ByteString nonce) {
        return seal(
                CAPABILITY,
                tensorlink.jobs.wire.Capability.newBuilder()
                        .setSeal(fresh())
                        .setMemoryBytes(capability.memoryBytes())
                        .setFreeBytes(capability.freeBytes())
                        .setThreads(capability.threads())
                        .setProfile(capability.profile())
                        .setSpeed(
                                SpeedMessage.newBuilder()
                                        .setForward(capability.speed().forward())
                                        .setBackward(capability.speed().backward())
                                        .setStep(capability.speed().step())
                                        .setMemory(capability.speed().memory())
                                        .setForwardLayer(capability.speed().forwardLayer())
                                        .setBackwardLayer(capability.speed().backwardLayer()))
                        .setAccount(capability.account().bytes())
                        .setUnitPrice(capability.unitPrice().encode())
                        .setQuestionNonce(nonce)
                        .build()
                        .toByteString());
    }

    /**
     * Reads a capability that answers the question with {@code nonce}.
     *
     * @throws SealException when the seal does not hold here and now, or it answers another
     *     question
     * @throws ProtocolViolation when what is sealed is malformed
     */
    public Sealed<Capability> openCapability(ByteString envelope, ByteString nonce)
            throws SealException, ProtocolViolation {
        var opened = open(CAPABILITY, envelope, tensorlink.jobs.wire.Capability.parser());
        var message = opened.message();
        check(message.getSeal());
        if (!message.getQuestionNonce().equals(nonce)) {
            throw new SealException("capability answers another question");
        }
        var capability =
                Fields.read(
                        "capability",
                        () ->
                                new Capability(
                                        opened.signer(),
                                        message.getMemoryBytes(),
                                        message.getFreeBytes(),
                                        message.getThreads(),
                                        message.getProfile(),
                                        speed(message.getSpeed()),
                                        new Account(message.getAccount()),
                                        Amount.decode(message.getUnitPrice())));
        return new Sealed<>(capability, opened.signer(), envelope);
    }

    private static Speed speed(SpeedMessage message) {
        return new Speed(
                message.getForward(),
                message.getBackward(),
                message.getStep(),
                message.getMemory(),
                message.getForwardLayer(),
                message.getBackwardLayer());
    }

    /** A fresh nonce for a question. */
    public ByteString nonce() {
        return bytes(NONCE_BYTES);
    }

    private record Opened<M>(M message, PeerId signer) {}

    private ByteString seal(ByteString type, ByteString payload) {
        return SignedEnvelope.seal(key, domain(), type, payload).encode();
    }

    private <M> Opened<M> open(ByteString type, ByteString envelope, Parser<M> parser)
            throws SealException, ProtocolViolation {
        try {
            var opened = SignedEnvelope.open(envelope, domain(), type);
            return new Opened<>(parser.parseFrom(opened.payload()), opened.signer().peerId());
        } catch (SignatureException forged) {
            throw new SealException("seal does not hold: " + forged.getMessage(), forged);
        } catch (InvalidProtocolBufferException malformed) {
            throw new ProtocolViolation("sealed message is malformed", malformed);
        }
    }

    private String domain() {
        return "tensorlink:" + network;
    }

    private Seal fresh() {
        var now = clock.instant();
        return Seal.newBuilder()
                .setNetwork(network)
                .setNonce(nonce())
                .setIssuedAt(now.toEpochMilli())
                .setExpiresAt(now.plus(LIFETIME).toEpochMilli())
                .build();
    }

    private void requireHere(Seal seal) throws SealException {
        if (!seal.getNetwork().equals(network)) {
            throw new SealException("message for another network than \"" + network + "\"");
        }
    }

    /** Checks what does not need the nonce; returns until when the message is valid. */
    private Instant check(Seal seal) throws SealException {
        var now = clock.instant();
        requireHere(seal);
        if (seal.getNonce().size() != NONCE_BYTES) {
            throw new SealException(
                    "nonce of " + seal.getNonce().size() + " bytes, not " + NONCE_BYTES);
        }
        var issued = Instant.ofEpochMilli(seal.getIssuedAt());
        var expires = Instant.ofEpochMilli(seal.getExpiresAt());
        if (issued.isAfter(now.plus(SKEW))) {
            throw new SealException(
                    "message from the future: made at " + issued + ", here it is " + now);
        }
        if (expires.isBefore(now.minus(SKEW))) {
            throw new SealException("message expired at " + expires + ", here it is " + now);
        }
        if (expires.isBefore(issued)
                || Duration.between(issued, expires).compareTo(LIFETIME_MAX) > 0) {
            throw new SealException("message valid for longer than " + LIFETIME_MAX);
        }
        return expires.plus(SKEW);
    }

    private Sealed<JobRequest> jobRequest(
            Opened<tensorlink.jobs.wire.JobRequest> opened, ByteString envelope)
            throws ProtocolViolation {
        var message = opened.message();
        var spec = decode(message.getSpec());
        var request =
                Fields.read(
                        "job request",
                        () ->
                                request(
                                        message.getSpec(),
                                        spec,
                                        opened.signer(),
                                        new Account(message.getPayer()),
                                        Amount.decode(message.getMaxPrice()),
                                        new Bytes32(message.getSalt())));
        return new Sealed<>(request, opened.signer(), envelope);
    }

    private static JobRequest request(
            ByteString encodedSpec,
            JobSpec spec,
            PeerId user,
            Account payer,
            Amount maxPrice,
            Bytes32 salt) {
        return new JobRequest(
                JobId.of(encodedSpec, payer, salt),
                spec,
                Bytes32.keccak(encodedSpec),
                user,
                payer,
                maxPrice,
                salt);
    }

    private static ByteString encode(JobSpec spec) {
        var message =
                JobSpecMessage.newBuilder()
                        .setTraining(spec.purpose() == Purpose.TRAINING)
                        .setConfig(spec.config())
                        .setWeights(Fields.bytes(spec.weights()))
                        .setWorkers(spec.workers())
                        .setRows(spec.workload().rows())
                        .setLength(spec.workload().length())
                        .setMicroBatches(spec.workload().microBatches())
                        .setLifetimeSeconds(spec.lifetime().toSeconds())
                        .setHow(Training.encode(spec.training()))
                        .setCodec(Codings.encode(spec.codec()));
        spec.pinned().forEach(peer -> message.addPinned(peer.multihash()));
        spec.avoided().forEach(peer -> message.addAvoided(peer.multihash()));
        spec.own()
                .forEach(stage ->
                        message.addOwn(
                                tensorlink.jobs.wire.OwnStage.newBuilder()
                                        .setNode(stage.node().multihash())
                                        .setFirstLayer(stage.layers().first())
                                        .setEndLayer(stage.layers().end())));
        spec.split().forEach(range -> message.addSplit(range.end()));
        return message.build().toByteString();
    }

    private static JobSpec decode(ByteString encoded) throws ProtocolViolation {
        var message = Fields.parse("job spec", JobSpecMessage.parser(), encoded);
        Fields.atMost("pinned workers", message.getPinnedCount(), JobSpec.WORKERS_MAX);
        var pinned = new ArrayList<PeerId>();
        for (var peer : message.getPinnedList()) {
            pinned.add(Fields.peer("pinned worker", peer));
        }
        Fields.atMost("workers to avoid", message.getAvoidedCount(), JobSpec.AVOIDED_MAX);
        var avoided = new ArrayList<PeerId>();
        for (var peer : message.getAvoidedList()) {
            avoided.add(Fields.peer("worker to avoid", peer));
        }
        Fields.atMost("own stages", message.getOwnCount(), JobSpec.OWN_MAX);
        var own = new ArrayList<OwnStage>();
        for (var stage : message.getOwnList()) {
            own.add(
                    new OwnStage(
                            Fields.peer("own stage", stage.getNode()),
                            Fields.layers(stage.getFirstLayer(), stage.getEndLayer())));
        }
        Fields.atMost("split", message.getSplitCount(), JobSpec.WORKERS_MAX);
        var split = new ArrayList<LayerRange>();
        for (int end : message.getSplitList()) {
            int first = split.isEmpty() ? JobSpec.begin(own) : split.getLast().end();
            split.add(Fields.read("split", () -> new LayerRange(first, end)));
        }
        var weights = Fields.digest("weights", message.getWeights());
        var training = Training.decode(message.getHow());
        var codec = Codings.decode(message.getCodec());
        return Fields.read(
                "job spec",
                () ->
                        new JobSpec(
                                message.getTraining() ? Purpose.TRAINING : Purpose.INFERENCE,
                                message.getConfig(),
                                weights,
                                message.getWorkers(),
                                new Workload(
                                        message.getRows(),
                                        message.getLength(),
                                        message.getMicroBatches()),
                                training,
                                pinned,
                                avoided,
                                own,
                                split,
                                codec,
                                Duration.ofSeconds(message.getLifetimeSeconds())));
    }

    private ByteString bytes(int count) {
        var bytes = new byte[count];
        random.nextBytes(bytes);
        return ByteString.copyFrom(bytes);
    }
}
