package tensorlink.p2p.gossip;

import java.time.Duration;

/**
 * Every bound of the gossip layer, each with its unit; {@code Max} values are inclusive.
 *
 * @param rpcBytesMax the longest RPC read or sent, and so nearly the longest message
 * @param controlBytesMax the control part of an RPC without message ids, which are counted by the
 *     next bounds: five thousand ids, as js sends them, do not fit into 16 KiB
 * @param entriesMax subscriptions, grafts, prunes or haves in one RPC, of each kind
 * @param messagesMax messages in one RPC
 * @param idsMax ids that one RPC may offer or ask for, and that are asked of a peer in a heartbeat
 * @param idBytesMax the longest message id
 * @param topicBytesMax the longest topic name in UTF-8
 * @param topicsPerPeerMax topics of which a peer may be known as a subscriber
 * @param havesPerHeartbeatMax offers of one peer that are considered between two heartbeats
 * @param dontWantsMax ids that a peer may decline in one RPC, and between two heartbeats
 * @param exchangedPeersMax peers in one prune
 * @param backoffMax the longest time that a prune can keep us away
 * @param backoffsPerTopicMax peers with whom a topic's mesh remembers to be patient
 * @param queueRpcsMax RPCs of 64 KiB that may wait for one peer
 * @param validationsMax messages whose verdict is awaited
 * @param seenMax message ids remembered as known
 * @param cacheBytesMax messages kept to be sent again
 * @param retainedScoresMax scores remembered of peers that left
 * @param deliveriesMax messages that may wait for one subscriber's handler
 */
public record GossipLimits(
        int rpcBytesMax,
        int controlBytesMax,
        int entriesMax,
        int messagesMax,
        int idsMax,
        int idBytesMax,
        int topicBytesMax,
        int topicsPerPeerMax,
        int havesPerHeartbeatMax,
        int dontWantsMax,
        int exchangedPeersMax,
        Duration backoffMax,
        int backoffsPerTopicMax,
        int queueRpcsMax,
        int validationsMax,
        int seenMax,
        int cacheBytesMax,
        int retainedScoresMax,
        int deliveriesMax) {

    public static GossipLimits defaults() {
        return new GossipLimits(
                1 << 20,
                16 << 10,
                100,
                5_000,
                5_000,
                128,
                256,
                256,
                10,
                512,
                16,
                Duration.ofHours(1),
                4_096,
                32,
                8_192,
                1 << 17,
                64 << 20,
                8_192,
                4_096);
    }
}
