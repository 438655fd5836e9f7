package tensorlink.jobs.message;

import com.google.protobuf.ByteString;
import java.util.ArrayList;
import java.util.Optional;
import tensorlink.compute.optim.Update;
import tensorlink.jobs.job.JobId;
import tensorlink.jobs.job.Publication;
import tensorlink.ledger.Agreement;
import tensorlink.ledger.Signature65;
import tensorlink.ledger.Signed;
import tensorlink.ledger.Voucher;
import tensorlink.p2p.core.ProtocolViolation;

/**
 * What a job's user tells one of its workers on the control stream; the first is {@link Open} or
 * {@link Resume}.
 */
public sealed interface Command {
    /** A manifest of 100,000 tensors with long names. */
    int BYTES_MAX = 32 << 20;

    /** Takes up an accepted offer: the agreement, signed by the payer. */
    record Open(JobId job, Agreement agreement, Signature65 payerSignature) implements Command {}

    /** Takes up again a running job whose stage is held for the user, who was lost. */
    record Resume(JobId job) implements Command {}

    /**
     * Fetch the weights of stage {@code stage}.
     *
     * @param step how many steps they are the result of; above zero the manifest has the optimizer
     *     state too
     * @param published where some of the tensors can be had besides from the user, if anywhere
     */
    record Load(
            ByteString config,
            Manifest manifest,
            int stage,
            Route route,
            long step,
            Optional<Publication> published)
            implements Command {}

    /** All stages are ready: connect to the next one. */
    record Link() implements Command {}

    /** Fix the gradients of {@code step} once the backwards of {@code afterBatch} are done. */
    record Prepare(long step, long afterBatch) implements Command {}

    /** The step counts: apply what was prepared. */
    record Commit(long step, Update update) implements Command {}

    /** Forget {@code batch}, whose backwards will not be asked for. */
    record Abandon(long batch) implements Command {}

    /** Answer when the commands before and the work on {@code afterBatch} are done. */
    record Settle(long afterBatch) implements Command {}

    /** Tell the names and digests of all that a checkpoint needs, when what came before is done. */
    record Snapshot() implements Command {}

    /** Tell the digests of all parameters. */
    record Digests(long id) implements Command {}

    /** Free the cache of a generation. */
    record EndSession(long session) implements Command {}

    /** Payment for all work of this payer and worker so far. */
    record Pay(Signed<Voucher> voucher) implements Command {}

    /** The job is over: free everything. */
    record Close(String outcome, String reason) implements Command {}

    /** Still here? */
    record Beat(long sequence) implements Command {}

    /** The form in which it travels. */
    default ByteString encode() {
        var message = tensorlink.jobs.wire.Command.newBuilder().setVersion(Fields.VERSION);
        switch (this) {
            case Open(var job, var agreement, var signature) ->
                    message.setOpen(
                            tensorlink.jobs.wire.Open.newBuilder()
                                    .setJob(Fields.bytes(job))
                                    .setAgreement(agreement.encode())
                                    .setPayerSignature(signature.bytes()));
            case Resume(var job) ->
                    message.setResume(
                            tensorlink.jobs.wire.Resume.newBuilder().setJob(Fields.bytes(job)));
            case Load(var config, var manifest, var stage, var route, var step, var from) -> {
                var load =
                        tensorlink.jobs.wire.Load.newBuilder()
                                .setConfig(config)
                                .setManifest(manifest.encode())
                                .setStage(stage)
                                .setStep(step);
                for (var hop : route.stages()) {
                    load.addRoute(
                            tensorlink.jobs.wire.Neighbour.newBuilder()
                                    .setPeer(hop.worker().id().multihash())
                                    .addAllAddresses(Fields.addresses(hop.worker()))
                                    .setFirstLayer(hop.layers().first())
                                    .setEndLayer(hop.layers().end()));
                }
                from.ifPresent(it ->
                        load.setPublished(
                                tensorlink.jobs.wire.Publication.newBuilder()
                                        .setOwner(it.owner())
                                        .setName(it.name())
                                        .setCommit(it.commit())));
                message.setLoad(load);
            }
            case Link() -> message.setLink(tensorlink.jobs.wire.Link.getDefaultInstance());
            case Prepare(var step, var afterBatch) ->
                    message.setPrepare(
                            tensorlink.jobs.wire.Prepare.newBuilder()
                                    .setStep(step)
                                    .setAfterBatch(afterBatch));
            case Commit(var step, var update) ->
                    message.setCommit(
                            tensorlink.jobs.wire.Commit.newBuilder()
                                    .setStep(step)
                                    .setOptimizer(Training.encode(update.optimizer()))
                                    .setGradientScale(update.gradientScale()));
            case Abandon(var batch) ->
                    message.setAbandon(tensorlink.jobs.wire.Abandon.newBuilder().setBatch(batch));
            case Settle(var afterBatch) ->
                    message.setSettle(
                            tensorlink.jobs.wire.Settle.newBuilder().setAfterBatch(afterBatch));
            case Snapshot() ->
                    message.setSnapshot(tensorlink.jobs.wire.Snapshot.getDefaultInstance());
            case Digests(var id) ->
                    message.setDigests(tensorlink.jobs.wire.Digests.newBuilder().setId(id));
            case EndSession(var session) ->
                    message.setEndSession(
                            tensorlink.jobs.wire.EndSession.newBuilder().setSession(session));
            case Pay(var voucher) -> message.setVoucher(voucher.encode());
            case Close(var outcome, var reason) ->
                    message.setClose(
                            tensorlink.jobs.wire.Close.newBuilder()
                                    .setOutcome(outcome)
                                    .setReason(reason));
            case Beat(var sequence) ->
                    message.setBeat(tensorlink.jobs.wire.Beat.newBuilder().setSequence(sequence));
        }
        return message.build().toByteString();
    }

    /** Reads what {@link #encode} wrote; signatures inside are not checked here. */
    static Command decode(ByteString bytes) throws ProtocolViolation {
        var message = Fields.parse("command", tensorlink.jobs.wire.Command.parser(), bytes);
        Fields.requireVersion("command", message.getVersion());
        return switch (message.getKindCase()) {
            case OPEN -> {
                var open = message.getOpen();
                yield new Open(
                        Fields.job(open.getJob()),
                        Fields.read("agreement", () -> Agreement.decode(open.getAgreement())),
                        Fields.read(
                                "payer signature",
                                () -> new Signature65(open.getPayerSignature())));
            }
            case RESUME -> new Resume(Fields.job(message.getResume().getJob()));
            case LOAD -> decode(message.getLoad());
            case LINK -> new Link();
            case PREPARE ->
                    new Prepare(
                            Fields.natural("step", message.getPrepare().getStep()),
                            Fields.natural("batch", message.getPrepare().getAfterBatch()));
            case COMMIT -> {
                var commit = message.getCommit();
                var optimizer = Training.decode(commit.getOptimizer());
                yield new Commit(
                        Fields.natural("step", commit.getStep()),
                        Fields.read(
                                "update", () -> new Update(optimizer, commit.getGradientScale())));
            }
            case ABANDON -> new Abandon(Fields.natural("batch", message.getAbandon().getBatch()));
            case SETTLE -> new Settle(Fields.natural("batch", message.getSettle().getAfterBatch()));
            case SNAPSHOT -> new Snapshot();
            case DIGESTS -> new Digests(message.getDigests().getId());
            case END_SESSION -> new EndSession(message.getEndSession().getSession());
            case VOUCHER ->
                    new Pay(
                            Fields.read(
                                    "voucher",
                                    () -> Signed.decode(message.getVoucher(), Voucher::decode)));
            case CLOSE ->
                    new Close(message.getClose().getOutcome(), message.getClose().getReason());
            case BEAT -> new Beat(message.getBeat().getSequence());
            case KIND_NOT_SET -> throw Fields.unset("command");
        };
    }

    private static Load decode(tensorlink.jobs.wire.Load load) throws ProtocolViolation {
        Fields.atMost("stages", load.getRouteCount(), Answer.STAGES_MAX);
        var hops = new ArrayList<Neighbour>();
        for (var hop : load.getRouteList()) {
            hops.add(
                    new Neighbour(
                            Fields.peer(hop.getPeer(), hop.getAddressesList()),
                            Fields.layers(hop.getFirstLayer(), hop.getEndLayer())));
        }
        var route = Fields.read("route", () -> new Route(hops));
        if (load.getStage() < 0 || load.getStage() >= route.size()) {
            throw new ProtocolViolation(
                    "stage: " + Integer.toUnsignedString(load.getStage()) + " of " + route.size());
        }
        return new Load(
                load.getConfig(),
                Manifest.decode(load.getManifest()),
                load.getStage(),
                route,
                Fields.natural("step", load.getStep()),
                published(load));
    }

    private static Optional<Publication> published(tensorlink.jobs.wire.Load load)
            throws ProtocolViolation {
        if (!load.hasPublished()) {
            return Optional.empty();
        }
        var from = load.getPublished();
        return Optional.of(
                Fields.read(
                        "published",
                        () -> new Publication(from.getOwner(), from.getName(), from.getCommit())));
    }
}
