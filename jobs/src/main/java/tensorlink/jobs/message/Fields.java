package tensorlink.jobs.message;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Parser;
import java.util.ArrayList;
import java.util.List;
import tensorlink.compute.Digest;
import tensorlink.compute.LayerRange;
import tensorlink.jobs.job.JobId;
import tensorlink.jobs.job.Problem;
import tensorlink.jobs.job.ProblemCode;
import tensorlink.jobs.market.StagePlan;
import tensorlink.jobs.wire.Refusal;
import tensorlink.ledger.Account;
import tensorlink.ledger.Amount;
import tensorlink.ledger.Bytes32;
import tensorlink.ledger.LedgerFormatException;
import tensorlink.ledger.Signed;
import tensorlink.ledger.UsageReceipt;
import tensorlink.p2p.core.ProtocolViolation;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.peer.PeerInfo;

/** What the messages' fields have in common. */
final class Fields {
    static final int VERSION = 1;
    static final int ADDRESSES_MAX = 32;

    private Fields() {}

    /** Reads one field, turning what is wrong with it into a violation that names it. */
    interface Reading<T> {
        T read() throws LedgerFormatException;
    }

    static <T> T read(String field, Reading<T> reading) throws ProtocolViolation {
        try {
            return reading.read();
        } catch (IllegalArgumentException | LedgerFormatException wrong) {
            throw new ProtocolViolation(field + ": " + wrong.getMessage(), wrong);
        }
    }

    static <M> M parse(String what, Parser<M> parser, ByteString bytes) throws ProtocolViolation {
        try {
            return parser.parseFrom(bytes);
        } catch (InvalidProtocolBufferException malformed) {
            throw new ProtocolViolation(
                    what + " is malformed: " + malformed.getMessage(), malformed);
        }
    }

    static void requireVersion(String what, int version) throws ProtocolViolation {
        if (version != VERSION) {
            throw new ProtocolViolation(
                    what + " of version " + version + "; this node speaks version " + VERSION);
        }
    }

    static ProtocolViolation unset(String what) {
        return new ProtocolViolation(what + " of no kind that this node knows");
    }

    static int atMost(String field, int count, int max) throws ProtocolViolation {
        if (count > max) {
            throw new ProtocolViolation(field + ": " + count + ", limit " + max);
        }
        return count;
    }

    static int natural(String field, int value) throws ProtocolViolation {
        if (value < 0) {
            throw new ProtocolViolation(field + ": " + Integer.toUnsignedString(value));
        }
        return value;
    }

    static long natural(String field, long value) throws ProtocolViolation {
        if (value < 0) {
            throw new ProtocolViolation(field + ": " + Long.toUnsignedString(value));
        }
        return value;
    }

    static JobId job(ByteString bytes) throws ProtocolViolation {
        return read("job", () -> new JobId(new Bytes32(bytes)));
    }

    static ByteString bytes(JobId job) {
        return job.word().bytes();
    }

    static PeerId peer(String field, ByteString bytes) throws ProtocolViolation {
        return read(field, () -> new PeerId(bytes));
    }

    static PeerInfo peer(ByteString id, List<ByteString> addresses) throws ProtocolViolation {
        atMost("addresses", addresses.size(), ADDRESSES_MAX);
        return new PeerInfo(peer("peer", id), Multiaddr.decodeKnown(addresses, ADDRESSES_MAX));
    }

    static List<ByteString> addresses(PeerInfo peer) {
        return peer.addresses().stream().limit(ADDRESSES_MAX).map(Multiaddr::bytes).toList();
    }

    static Account account(String field, ByteString bytes) throws ProtocolViolation {
        return read(field, () -> new Account(bytes));
    }

    /** Nobody is no bytes. */
    static ByteString bytes(Account account) {
        return account.equals(Account.ZERO) ? ByteString.EMPTY : account.bytes();
    }

    static Account accountOrNobody(ByteString bytes) {
        return bytes.isEmpty() ? Account.ZERO : new Account(bytes);
    }

    static Amount amount(String field, ByteString bytes) throws ProtocolViolation {
        return read(field, () -> Amount.decode(bytes));
    }

    static Signed<UsageReceipt> receipt(ByteString bytes) throws ProtocolViolation {
        return read("receipt", () -> Signed.decode(bytes, UsageReceipt::decode));
    }

    static LayerRange layers(int first, int end) throws ProtocolViolation {
        return read("layers", () -> new LayerRange(first, end));
    }

    static Digest digest(String field, ByteString bytes) throws ProtocolViolation {
        if (bytes.size() != Digest.BYTES) {
            throw new ProtocolViolation(field + ": digest of " + bytes.size() + " bytes");
        }
        return Digest.ofHash(bytes.toByteArray());
    }

    static ByteString bytes(Digest digest) {
        return ByteString.copyFrom(digest.bytes());
    }

    static Refusal refusal(Problem problem) {
        return Refusal.newBuilder()
                .setCode(problem.code().text())
                .setWhat(problem.what())
                .setWhy(problem.why())
                .setNow(problem.now())
                .build();
    }

    static Problem problem(Refusal refusal) {
        return new Problem(
                ProblemCode.parse(refusal.getCode()).orElse(ProblemCode.REFUSED),
                refusal.getWhat(),
                refusal.getWhy(),
                refusal.getNow());
    }

    static List<tensorlink.jobs.wire.StagePlan> stages(List<StagePlan> stages) {
        var list = new ArrayList<tensorlink.jobs.wire.StagePlan>();
        for (var stage : stages) {
            list.add(
                    tensorlink.jobs.wire.StagePlan.newBuilder()
                            .setPeer(stage.worker().id().multihash())
                            .addAllAddresses(addresses(stage.worker()))
                            .setFirstLayer(stage.layers().first())
                            .setEndLayer(stage.layers().end())
                            .setMemoryBytes(stage.memoryBytes())
                            .setAccount(stage.account().bytes())
                            .setUnitPrice(stage.unitPrice().encode())
                            .build());
        }
        return list;
    }

    static List<StagePlan> plans(List<tensorlink.jobs.wire.StagePlan> stages)
            throws ProtocolViolation {
        atMost("stages", stages.size(), Answer.STAGES_MAX);
        var plans = new ArrayList<StagePlan>();
        for (var stage : stages) {
            plans.add(
                    new StagePlan(
                            peer(stage.getPeer(), stage.getAddressesList()),
                            layers(stage.getFirstLayer(), stage.getEndLayer()),
                            natural("memory", stage.getMemoryBytes()),
                            account("account", stage.getAccount()),
                            amount("unit price", stage.getUnitPrice())));
        }
        return plans;
    }
}
