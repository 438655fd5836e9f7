package tensorlink.p2p.gossip;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import java.util.ArrayList;
import java.util.List;
import tensorlink.p2p.core.ProtocolViolation;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.wire.GossipControl;
import tensorlink.p2p.wire.GossipExchange;
import tensorlink.p2p.wire.GossipGraft;
import tensorlink.p2p.wire.GossipHave;
import tensorlink.p2p.wire.GossipIds;
import tensorlink.p2p.wire.GossipPrune;
import tensorlink.p2p.wire.GossipRpc;
import tensorlink.p2p.wire.GossipSubscription;

/** RPCs as bytes. What it reads is within all limits and well formed, or nothing of it is kept. */
final class RpcCodec {
    private final SignaturePolicy policy;
    private final GossipLimits limits;

    RpcCodec(SignaturePolicy policy, GossipLimits limits) {
        this.policy = policy;
        this.limits = limits;
    }

    /**
     * Reads an RPC.
     *
     * @throws ProtocolViolation naming the field, its value and what was expected
     */
    Rpc decode(ByteString bytes) throws ProtocolViolation {
        RpcScan.check(bytes, limits);
        GossipRpc rpc;
        try {
            rpc = GossipRpc.parser().parseFrom(bytes);
        } catch (InvalidProtocolBufferException malformed) {
            throw new ProtocolViolation("gossip: RPC: " + malformed.getMessage(), malformed);
        }
        var interests = new ArrayList<Rpc.Interest>();
        for (var change : rpc.getSubscriptionsList()) {
            interests.add(
                    new Rpc.Interest(topic(change.getTopic(), limits), change.getSubscribe()));
        }
        var messages = new ArrayList<GossipMessage>();
        for (var message : rpc.getPublishList()) {
            messages.add(GossipMessage.decode(message, policy, limits));
        }
        var control = rpc.getControl();
        var haves = new ArrayList<Rpc.Have>();
        for (var have : control.getIhaveList()) {
            haves.add(new Rpc.Have(topic(have.getTopic(), limits), have.getIdsList()));
        }
        var grafts = new ArrayList<String>();
        for (var graft : control.getGraftList()) {
            grafts.add(topic(graft.getTopic(), limits));
        }
        return new Rpc(
                interests,
                messages,
                haves,
                ids(control.getIwantList()),
                grafts,
                prunes(control),
                ids(control.getIdontwantList()));
    }

    private static List<ByteString> ids(List<GossipIds> entries) {
        var ids = new ArrayList<ByteString>();
        for (var entry : entries) {
            ids.addAll(entry.getIdsList());
        }
        return ids;
    }

    private List<Rpc.Prune> prunes(GossipControl control) throws ProtocolViolation {
        long backoffMax = limits.backoffMax().toSeconds();
        var prunes = new ArrayList<Rpc.Prune>();
        for (var prune : control.getPruneList()) {
            var others = new ArrayList<Rpc.Exchanged>();
            for (var other : prune.getPeersList()) {
                others.add(new Rpc.Exchanged(peer(other.getPeer()), other.getRecord()));
            }
            boolean isLong = Long.compareUnsigned(prune.getBackoff(), backoffMax) > 0;
            prunes.add(
                    new Rpc.Prune(
                            topic(prune.getTopic(), limits),
                            others,
                            isLong ? backoffMax : prune.getBackoff()));
        }
        return prunes;
    }

    static String topic(ByteString name, GossipLimits limits) throws ProtocolViolation {
        if (name.isEmpty() || name.size() > limits.topicBytesMax()) {
            throw new ProtocolViolation(
                    "gossip: topic of " + name.size() + " bytes, limit " + limits.topicBytesMax());
        }
        if (!name.isValidUtf8()) {
            throw new ProtocolViolation("gossip: topic is not UTF-8");
        }
        return name.toStringUtf8();
    }

    static PeerId peer(ByteString multihash) throws ProtocolViolation {
        try {
            return new PeerId(multihash);
        } catch (IllegalArgumentException malformed) {
            throw new ProtocolViolation("gossip: peer id: " + malformed.getMessage(), malformed);
        }
    }

    ByteString encode(Rpc rpc) {
        var message = GossipRpc.newBuilder();
        for (var interest : rpc.interests()) {
            message.addSubscriptions(
                    GossipSubscription.newBuilder()
                            .setSubscribe(interest.isJoined())
                            .setTopic(ByteString.copyFromUtf8(interest.topic())));
        }
        for (var published : rpc.messages()) {
            message.addPublish(published.encoded());
        }
        var control = control(rpc);
        if (control.getSerializedSize() > 0) {
            message.setControl(control);
        }
        return message.build().toByteString();
    }

    private static GossipControl control(Rpc rpc) {
        var control = GossipControl.newBuilder();
        for (var have : rpc.haves()) {
            control.addIhave(
                    GossipHave.newBuilder()
                            .setTopic(ByteString.copyFromUtf8(have.topic()))
                            .addAllIds(have.ids()));
        }
        if (!rpc.wants().isEmpty()) {
            control.addIwant(GossipIds.newBuilder().addAllIds(rpc.wants()));
        }
        for (var topic : rpc.grafts()) {
            control.addGraft(GossipGraft.newBuilder().setTopic(ByteString.copyFromUtf8(topic)));
        }
        for (var prune : rpc.prunes()) {
            control.addPrune(encode(prune));
        }
        if (!rpc.dontWants().isEmpty()) {
            control.addIdontwant(GossipIds.newBuilder().addAllIds(rpc.dontWants()));
        }
        return control.build();
    }

    private static GossipPrune encode(Rpc.Prune prune) {
        var message = GossipPrune.newBuilder().setTopic(ByteString.copyFromUtf8(prune.topic()));
        for (var other : prune.others()) {
            var peer = GossipExchange.newBuilder().setPeer(other.peer().multihash());
            if (!other.record().isEmpty()) {
                peer.setRecord(other.record());
            }
            message.addPeers(peer);
        }
        if (prune.backoffSeconds() > 0) {
            message.setBackoff(prune.backoffSeconds());
        }
        return message.build();
    }
}
