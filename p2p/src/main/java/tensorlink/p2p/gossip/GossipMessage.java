package tensorlink.p2p.gossip;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.UnknownFieldSet;
import com.google.protobuf.UnsafeByteOperations;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import tensorlink.p2p.core.ProtocolViolation;
import tensorlink.p2p.multiformats.Multihash;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.peer.PublicKey;
import tensorlink.p2p.wire.GossipPublication;

/**
 * A message on a topic, in the form in which it is passed on. Two are equal when these forms are.
 *
 * <p>Fields that we do not know are dropped on arrival, so what others verify is what we verified.
 */
public final class GossipMessage {
    private static final ByteString SIGNING_PREFIX = ByteString.copyFromUtf8("libp2p-pubsub:");
    private static final int SEQUENCE_BYTES = 8;
    private static final int SIGNATURE_BYTES_MAX = 1024;

    private final String topic;
    private final ByteString data;
    private final @Nullable PeerId author;
    private final ByteString sequence;
    private final ByteString signature;
    private final ByteString key;
    private final ByteString encoded;

    private GossipMessage(GossipPublication fields, String topic, @Nullable PeerId author) {
        this.topic = topic;
        this.author = author;
        this.data = fields.getData();
        this.sequence = fields.getSeqno();
        this.signature = fields.getSignature();
        this.key = fields.getKey();
        this.encoded = fields.toByteString();
    }

    /** A message by the holder of {@code key}, who never uses a sequence number twice. */
    static GossipMessage signed(KeyPair key, long sequence, String topic, ByteString data) {
        var number = new byte[SEQUENCE_BYTES];
        for (int i = 0; i < SEQUENCE_BYTES; i++) {
            number[i] = (byte) (sequence >>> (8 * (SEQUENCE_BYTES - 1 - i)));
        }
        var author = key.peerId();
        var unsigned =
                GossipPublication.newBuilder()
                        .setFrom(author.multihash())
                        .setData(data)
                        .setSeqno(UnsafeByteOperations.unsafeWrap(number))
                        .setTopic(ByteString.copyFromUtf8(topic))
                        .build();
        var signed =
                unsigned.toBuilder()
                        .setSignature(key.sign(SIGNING_PREFIX.concat(unsigned.toByteString())));
        if (author.publicKey().isEmpty()) {
            signed.setKey(key.publicKey().encode());
        }
        return new GossipMessage(signed.build(), topic, author);
    }

    /** A message by nobody in particular. */
    public static GossipMessage unsigned(String topic, ByteString data) {
        var fields =
                GossipPublication.newBuilder()
                        .setData(data)
                        .setTopic(ByteString.copyFromUtf8(topic))
                        .build();
        return new GossipMessage(fields, topic, null);
    }

    /**
     * Reads a message and checks that it has the fields that {@code policy} demands and no others.
     * The signature itself is not verified here, because that is the costly part.
     */
    static GossipMessage decode(ByteString encoded, SignaturePolicy policy, GossipLimits limits)
            throws ProtocolViolation {
        GossipPublication fields;
        try {
            fields = GossipPublication.parser().parseFrom(encoded);
        } catch (InvalidProtocolBufferException malformed) {
            throw new ProtocolViolation("gossip: message: " + malformed.getMessage(), malformed);
        }
        var known =
                fields.toBuilder().setUnknownFields(UnknownFieldSet.getDefaultInstance()).build();
        var topic = RpcCodec.topic(known.getTopic(), limits);
        return new GossipMessage(
                known,
                topic,
                switch (policy) {
                    case STRICT_SIGN -> author(known);
                    case STRICT_NO_SIGN -> nobody(known);
                });
    }

    private static PeerId author(GossipPublication fields) throws ProtocolViolation {
        if (!fields.hasFrom() || !fields.hasSeqno() || fields.getSignature().isEmpty()) {
            throw new ProtocolViolation(
                    "gossip: message without author, sequence number or signature, expected all");
        }
        if (fields.getSeqno().size() != SEQUENCE_BYTES) {
            throw new ProtocolViolation(
                    "gossip: sequence number of "
                            + fields.getSeqno().size()
                            + " bytes, expected "
                            + SEQUENCE_BYTES);
        }
        if (fields.getSignature().size() > SIGNATURE_BYTES_MAX) {
            throw new ProtocolViolation(
                    "gossip: signature of "
                            + fields.getSignature().size()
                            + " bytes, limit "
                            + SIGNATURE_BYTES_MAX);
        }
        var author = RpcCodec.peer(fields.getFrom());
        if (fields.hasKey()
                && !Multihash.ofKey(fields.getKey()).encode().equals(author.multihash())) {
            throw new ProtocolViolation("gossip: message of " + author + " with another's key");
        }
        return author;
    }

    private static @Nullable PeerId nobody(GossipPublication fields) throws ProtocolViolation {
        if (fields.hasFrom() || fields.hasSeqno() || fields.hasSignature() || fields.hasKey()) {
            throw new ProtocolViolation(
                    "gossip: message with author, sequence number, signature or key, expected"
                            + " none");
        }
        return null;
    }

    public String topic() {
        return topic;
    }

    public ByteString data() {
        return data;
    }

    /** Who published it; empty for a message by nobody in particular. */
    public Optional<PeerId> author() {
        return Optional.ofNullable(author);
    }

    /** The author's number of this message; empty for a message by nobody in particular. */
    public OptionalLong sequence() {
        return author == null
                ? OptionalLong.empty()
                : OptionalLong.of(sequence.asReadOnlyByteBuffer().getLong());
    }

    /** How many bytes the message takes in an RPC. */
    public int size() {
        return encoded.size();
    }

    ByteString encoded() {
        return encoded;
    }

    ByteString sequenceBytes() {
        return sequence;
    }

    /** The author's encoded key, be it in the id or beside it; empty when there is none. */
    ByteString signerKey() {
        return author().flatMap(PeerId::publicKey).map(PublicKey::encode).orElse(key);
    }

    /** Whether the author signed exactly this; false for a message by nobody. */
    boolean isGenuine() {
        if (author == null) {
            return false;
        }
        PublicKey signer;
        try {
            var inId = author.publicKey();
            signer = inId.isPresent() ? inId.get() : PublicKey.decode(key);
        } catch (IllegalArgumentException noKey) {
            return false;
        }
        try {
            var unsigned =
                    GossipPublication.parseFrom(encoded).toBuilder().clearSignature().clearKey();
            return signer.peerId().equals(author)
                    && signer.verify(
                            SIGNING_PREFIX.concat(unsigned.build().toByteString()), signature);
        } catch (InvalidProtocolBufferException impossible) {
            throw new IllegalStateException("we encoded this ourselves", impossible);
        }
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof GossipMessage message && message.encoded.equals(encoded);
    }

    @Override
    public int hashCode() {
        return Objects.hashCode(encoded);
    }

    @Override
    public String toString() {
        return data.size()
                + " bytes on "
                + topic
                + (author == null ? "" : " by " + author.shortText());
    }
}
