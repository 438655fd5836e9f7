package tensorlink.jobs.message;

import com.google.protobuf.ByteString;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import tensorlink.compute.Digest;
import tensorlink.compute.PreparedStep;
import tensorlink.compute.tensor.CodecError;
import tensorlink.jobs.job.Problem;
import tensorlink.jobs.job.ProblemCode;
import tensorlink.jobs.wire.NamedDigest;
import tensorlink.ledger.Signature65;
import tensorlink.ledger.Signed;
import tensorlink.ledger.UsageReceipt;
import tensorlink.p2p.core.ProtocolViolation;

/** What a worker tells a job's user on the control stream. */
public sealed interface Report {
    int BYTES_MAX = 32 << 20;

    /** To {@link Command.Open}: the worker's half of the agreement. */
    record Opened(Signature65 payeeSignature) implements Report {}

    /** To {@link Command.Resume}: the stage is here, after {@code step}, and linked to nobody. */
    record Resumed(long step) implements Report {}

    /** How much of the weights has come. */
    record Loading(long bytesDone, long bytesTotal) implements Report {}

    /** To {@link Command.Load}: the stage can compute, under this execution profile. */
    record Ready(String profile) implements Report {}

    /** To {@link Command.Link}. */
    record Linked() implements Report {}

    /** To {@link Command.Prepare}. */
    record Prepared(long step, PreparedStep prepared, StageTimes times) implements Report {}

    /** To {@link Command.Commit}. */
    record Applied(long step) implements Report {}

    /** To {@link Command.Settle}. */
    record Settled() implements Report {}

    /** To {@link Command.Snapshot}: what the stage holds after {@code step}. */
    record SnapshotTaken(long step, Manifest manifest) implements Report {}

    /** To {@link Command.Digests}. */
    record DigestsTold(long id, Map<String, Digest> digests) implements Report {
        public DigestsTold {
            digests = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(digests));
        }
    }

    /** What the worker wants to be paid for, so far. */
    record Receipt(Signed<UsageReceipt> receipt) implements Report {}

    /** To {@link Command.Close}: everything is freed. */
    record Closed(long bytesFreed) implements Report {}

    /** The stage cannot go on. */
    record Failed(Problem problem) implements Report {}

    /** To {@link Command.Beat}. */
    record Beat(long sequence) implements Report {}

    /** The form in which it travels. */
    default ByteString encode() {
        var message = tensorlink.jobs.wire.Report.newBuilder().setVersion(Fields.VERSION);
        switch (this) {
            case Opened(var signature) ->
                    message.setOpened(
                            tensorlink.jobs.wire.Opened.newBuilder()
                                    .setPayeeSignature(signature.bytes()));
            case Resumed(var step) ->
                    message.setResumed(tensorlink.jobs.wire.Resumed.newBuilder().setStep(step));
            case Loading(var done, var total) ->
                    message.setLoading(
                            tensorlink.jobs.wire.Loading.newBuilder()
                                    .setBytesDone(done)
                                    .setBytesTotal(total));
            case Ready(var profile) ->
                    message.setReady(tensorlink.jobs.wire.Ready.newBuilder().setProfile(profile));
            case Linked() -> message.setLinked(tensorlink.jobs.wire.Linked.getDefaultInstance());
            case Prepared(var step, var prepared, var times) ->
                    message.setPrepared(
                            tensorlink.jobs.wire.Prepared.newBuilder()
                                    .setStep(step)
                                    .setGradients(Fields.bytes(prepared.gradients()))
                                    .addAllSquaredNorms(prepared.squaredNorms())
                                    .setTimes(
                                            tensorlink.jobs.wire.StageTimes.newBuilder()
                                                    .setForwardNanos(times.forward().toNanos())
                                                    .setBackwardNanos(times.backward().toNanos())
                                                    .setWaitNanos(times.waiting().toNanos())
                                                    .setBytesSent(times.bytesSent())
                                                    .setBytesReceived(times.bytesReceived())
                                                    .setCodecSquaredError(
                                                            times.codecError().squaredError())
                                                    .setCodecSquaredValues(
                                                            times.codecError().squaredValues())));
            case Applied(var step) ->
                    message.setApplied(tensorlink.jobs.wire.Applied.newBuilder().setStep(step));
            case Settled() -> message.setSettled(tensorlink.jobs.wire.Settled.getDefaultInstance());
            case SnapshotTaken(var step, var manifest) ->
                    message.setSnapshotTaken(
                            tensorlink.jobs.wire.SnapshotTaken.newBuilder()
                                    .setStep(step)
                                    .setManifest(manifest.encode()));
            case DigestsTold(var id, var digests) -> {
                var told = tensorlink.jobs.wire.DigestsReport.newBuilder().setId(id);
                digests.forEach((name, digest) ->
                        told.addDigests(
                                NamedDigest.newBuilder()
                                        .setName(name)
                                        .setDigest(Fields.bytes(digest))));
                message.setDigests(told);
            }
            case Receipt(var receipt) -> message.setReceipt(receipt.encode());
            case Closed(var freed) ->
                    message.setClosed(
                            tensorlink.jobs.wire.Closed.newBuilder().setBytesFreed(freed));
            case Failed(var problem) ->
                    message.setFailed(
                            tensorlink.jobs.wire.Failed.newBuilder()
                                    .setCode(problem.code().text())
                                    .setWhat(problem.what())
                                    .setWhy(problem.why())
                                    .setNow(problem.now()));
            case Beat(var sequence) ->
                    message.setBeat(tensorlink.jobs.wire.Beat.newBuilder().setSequence(sequence));
        }
        return message.build().toByteString();
    }

    /** Reads what {@link #encode} wrote; signatures inside are not checked here. */
    static Report decode(ByteString bytes) throws ProtocolViolation {
        var message = Fields.parse("report", tensorlink.jobs.wire.Report.parser(), bytes);
        Fields.requireVersion("report", message.getVersion());
        return switch (message.getKindCase()) {
            case OPENED ->
                    new Opened(
                            Fields.read(
                                    "payee signature",
                                    () ->
                                            new Signature65(
                                                    message.getOpened().getPayeeSignature())));
            case RESUMED -> new Resumed(Fields.natural("step", message.getResumed().getStep()));
            case LOADING ->
                    new Loading(
                            Fields.natural("bytes", message.getLoading().getBytesDone()),
                            Fields.natural("bytes", message.getLoading().getBytesTotal()));
            case READY -> new Ready(message.getReady().getProfile());
            case LINKED -> new Linked();
            case PREPARED -> {
                var prepared = message.getPrepared();
                var times = prepared.getTimes();
                Fields.atMost("norms", prepared.getSquaredNormsCount(), Manifest.TENSORS_MAX);
                yield new Prepared(
                        Fields.natural("step", prepared.getStep()),
                        new PreparedStep(
                                Fields.digest("gradients", prepared.getGradients()),
                                prepared.getSquaredNormsList()),
                        new StageTimes(
                                Duration.ofNanos(times.getForwardNanos()),
                                Duration.ofNanos(times.getBackwardNanos()),
                                Duration.ofNanos(times.getWaitNanos()),
                                times.getBytesSent(),
                                times.getBytesReceived(),
                                new CodecError(
                                        times.getCodecSquaredError(),
                                        times.getCodecSquaredValues())));
            }
            case APPLIED -> new Applied(Fields.natural("step", message.getApplied().getStep()));
            case SETTLED -> new Settled();
            case SNAPSHOT_TAKEN ->
                    new SnapshotTaken(
                            Fields.natural("step", message.getSnapshotTaken().getStep()),
                            Manifest.decode(message.getSnapshotTaken().getManifest()));
            case DIGESTS -> {
                var told = message.getDigests();
                Fields.atMost("digests", told.getDigestsCount(), Manifest.TENSORS_MAX);
                var digests = new LinkedHashMap<String, Digest>();
                for (var named : told.getDigestsList()) {
                    digests.put(named.getName(), Fields.digest("digest", named.getDigest()));
                }
                yield new DigestsTold(told.getId(), digests);
            }
            case RECEIPT ->
                    new Receipt(
                            Fields.read(
                                    "receipt",
                                    () ->
                                            Signed.decode(
                                                    message.getReceipt(), UsageReceipt::decode)));
            case CLOSED -> new Closed(Fields.natural("bytes", message.getClosed().getBytesFreed()));
            case FAILED -> {
                var failed = message.getFailed();
                yield new Failed(
                        new Problem(
                                ProblemCode.parse(failed.getCode()).orElse(ProblemCode.COMPUTE),
                                failed.getWhat(),
                                failed.getWhy(),
                                failed.getNow()));
            }
            case BEAT -> new Beat(message.getBeat().getSequence());
            case KIND_NOT_SET -> throw Fields.unset("report");
        };
    }
}
