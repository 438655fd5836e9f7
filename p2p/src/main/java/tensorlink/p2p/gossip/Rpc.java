package tensorlink.p2p.gossip;

import com.google.protobuf.ByteString;
import java.util.List;
import tensorlink.p2p.peer.PeerId;

/**
 * What one peer tells another in one go.
 *
 * @param interests topics that the sender joined or left
 * @param messages published or passed on
 * @param haves ids of messages that can be asked for
 * @param wants ids of messages that are asked for
 * @param grafts topics in whose mesh the receiver now is
 * @param prunes topics in whose mesh it no longer is
 * @param dontWants ids of messages that need not be sent
 */
public record Rpc(
        List<Interest> interests,
        List<GossipMessage> messages,
        List<Have> haves,
        List<ByteString> wants,
        List<String> grafts,
        List<Prune> prunes,
        List<ByteString> dontWants) {

    public Rpc {
        interests = List.copyOf(interests);
        messages = List.copyOf(messages);
        haves = List.copyOf(haves);
        wants = List.copyOf(wants);
        grafts = List.copyOf(grafts);
        prunes = List.copyOf(prunes);
        dontWants = List.copyOf(dontWants);
    }

    public static Rpc of(Interest... interests) {
        return new Rpc(
                List.of(interests),
                List.of(),
                List.of(),
                List.of(),
                List.of(),
                List.of(),
                List.of());
    }

    public static Rpc of(GossipMessage... messages) {
        return new Rpc(
                List.of(),
                List.of(messages),
                List.of(),
                List.of(),
                List.of(),
                List.of(),
                List.of());
    }

    public static Rpc of(Have... haves) {
        return new Rpc(
                List.of(), List.of(), List.of(haves), List.of(), List.of(), List.of(), List.of());
    }

    public static Rpc of(Prune... prunes) {
        return new Rpc(
                List.of(), List.of(), List.of(), List.of(), List.of(), List.of(prunes), List.of());
    }

    public static Rpc wanting(List<ByteString> ids) {
        return new Rpc(List.of(), List.of(), List.of(), ids, List.of(), List.of(), List.of());
    }

    public static Rpc grafting(String... topics) {
        return new Rpc(
                List.of(), List.of(), List.of(), List.of(), List.of(topics), List.of(), List.of());
    }

    public static Rpc declining(List<ByteString> ids) {
        return new Rpc(List.of(), List.of(), List.of(), List.of(), List.of(), List.of(), ids);
    }

    /** A topic that the sender joined or left. */
    public record Interest(String topic, boolean isJoined) {}

    /** Ids of recent messages on a topic. */
    public record Have(String topic, List<ByteString> ids) {
        public Have {
            ids = List.copyOf(ids);
        }
    }

    /**
     * The end of a mesh link.
     *
     * @param others peers that may take the sender's place
     * @param backoffSeconds for how long not to graft; 0 when the sender does not say
     */
    public record Prune(String topic, List<Exchanged> others, long backoffSeconds) {
        public Prune {
            others = List.copyOf(others);
        }
    }

    /**
     * A peer that another one recommends.
     *
     * @param record its sealed peer record, unverified; empty when there is none
     */
    public record Exchanged(PeerId peer, ByteString record) {}
}
