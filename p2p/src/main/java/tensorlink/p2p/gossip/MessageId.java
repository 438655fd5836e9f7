package tensorlink.p2p.gossip;

import com.google.protobuf.ByteString;
import java.nio.charset.StandardCharsets;
import tensorlink.p2p.multiformats.Sha256;
import tensorlink.p2p.multiformats.Varint;

/**
 * What makes two messages the same. All nodes on a topic use the same function; it must be fast, of
 * no side effect, and give every message an id of 1 to {@link GossipLimits#idBytesMax} bytes.
 */
@FunctionalInterface
public interface MessageId {
    ByteString of(GossipMessage message);

    /**
     * Author and sequence number: the default for signed messages.
     *
     * <p>The function refuses messages without an author with an {@link IllegalArgumentException}.
     */
    static MessageId byAuthor() {
        return message ->
                message.author()
                        .orElseThrow(
                                () -> new IllegalArgumentException("message without an author"))
                        .multihash()
                        .concat(message.sequenceBytes());
    }

    /**
     * The author's public key and the sequence number: what js-libp2p does unless told otherwise.
     * Networks of js nodes with their default need it on every node, because ids that differ make
     * offers look like broken promises.
     */
    static MessageId byAuthorKey() {
        return message -> message.signerKey().concat(message.sequenceBytes());
    }

    /**
     * SHA-256 over topic and data, the topic with its length: the default for messages without
     * author. Without the length, one topic's messages could silence another's.
     */
    static MessageId byContent() {
        return message -> {
            var topic = message.topic().getBytes(StandardCharsets.UTF_8);
            var digest = Sha256.start();
            digest.update(Varint.encode(topic.length).toByteArray());
            digest.update(topic);
            digest.update(message.data().asReadOnlyByteBuffer());
            return ByteString.copyFrom(digest.digest());
        };
    }
}
