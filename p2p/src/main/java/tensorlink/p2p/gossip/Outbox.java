package tensorlink.p2p.gossip;

import com.google.protobuf.ByteString;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.SequencedSet;
import tensorlink.p2p.peer.PeerId;

/** Collects what one input of the router leads to, so that each peer gets one RPC. */
final class Outbox {
    private final Map<PeerId, Draft> drafts = new LinkedHashMap<>();
    private final List<Action> others = new ArrayList<>();

    Draft to(PeerId peer) {
        return drafts.computeIfAbsent(peer, any -> new Draft());
    }

    void add(Action action) {
        others.add(action);
    }

    /** Everything since the last call, messages for the application first. */
    List<Action> drain() {
        var actions = new ArrayList<Action>(others.size() + drafts.size());
        actions.addAll(others);
        for (var entry : drafts.entrySet()) {
            var draft = entry.getValue();
            actions.add(new Action.Send(entry.getKey(), draft.rpc(), draft.isOwn));
        }
        others.clear();
        drafts.clear();
        return actions;
    }

    /** An RPC in the making. */
    static final class Draft {
        boolean isOwn;
        final List<Rpc.Interest> interests = new ArrayList<>(0);
        final List<GossipMessage> messages = new ArrayList<>(1);
        final List<Rpc.Have> haves = new ArrayList<>(0);
        final List<ByteString> wants = new ArrayList<>(0);
        final SequencedSet<String> grafts = new LinkedHashSet<>(0);
        final List<Rpc.Prune> prunes = new ArrayList<>(0);
        final List<ByteString> dontWants = new ArrayList<>(0);

        void add(Rpc rpc) {
            interests.addAll(rpc.interests());
            messages.addAll(rpc.messages());
            haves.addAll(rpc.haves());
            wants.addAll(rpc.wants());
            grafts.addAll(rpc.grafts());
            prunes.addAll(rpc.prunes());
            dontWants.addAll(rpc.dontWants());
        }

        Rpc rpc() {
            return new Rpc(
                    interests, messages, haves, wants, List.copyOf(grafts), prunes, dontWants);
        }
    }
}
