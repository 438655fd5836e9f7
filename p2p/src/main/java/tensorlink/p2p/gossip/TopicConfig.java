package tensorlink.p2p.gossip;

import java.util.Optional;
import tensorlink.p2p.gossip.Arrival.Outcome;
import tensorlink.p2p.peer.PeerId;

/**
 * What is particular to a topic.
 *
 * @param id what makes two messages the same; empty for the default of the signature policy
 * @param validator judges what arrives, after its signature
 * @param score how conduct on the topic counts
 */
public record TopicConfig(Optional<MessageId> id, Validator validator, TopicScore score) {

    public static TopicConfig defaults() {
        return new TopicConfig(
                Optional.empty(), (from, message) -> Verdict.ACCEPT, TopicScore.defaults());
    }

    public TopicConfig withId(MessageId changed) {
        return new TopicConfig(Optional.of(changed), validator, score);
    }

    public TopicConfig withValidator(Validator changed) {
        return new TopicConfig(id, changed, score);
    }

    public TopicConfig withScore(TopicScore changed) {
        return new TopicConfig(id, validator, changed);
    }

    /**
     * Judges a message. Called by several threads at once, never for our own messages; may take its
     * time, but what waits meanwhile is bounded by {@link GossipLimits#validationsMax}.
     */
    @FunctionalInterface
    public interface Validator {
        /**
         * The verdict on a message.
         *
         * @param from who brought the message, not who wrote it
         */
        Verdict judge(PeerId from, GossipMessage message);
    }

    /** What a validator can say. */
    public enum Verdict {
        /** Deliver it and pass it on. */
        ACCEPT,
        /** Drop it and count it against who brought it. */
        REJECT,
        /** Drop it. */
        IGNORE;

        Outcome outcome() {
            return switch (this) {
                case ACCEPT -> Outcome.ACCEPTED;
                case REJECT -> Outcome.REJECTED;
                case IGNORE -> Outcome.IGNORED;
            };
        }
    }
}
