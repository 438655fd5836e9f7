package tensorlink.dht;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import java.security.SignatureException;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import tensorlink.dht.wire.SignedContent;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.peer.SignedEnvelope;

/**
 * The records of one namespace that each owner signs for itself: {@code /namespace/<peer id>/name},
 * with a sequence number by which later ones replace earlier ones, and an end.
 *
 * <p>The signature covers network, namespace, name, sequence, end and value, so a record is good in
 * no other network and under no other key. Safe for use by any thread.
 */
public final class SignedRecords implements RecordValidator {
    private static final ByteString PAYLOAD_TYPE =
            ByteString.copyFromUtf8("/tensorlink/dht-record/1");

    private final String namespace;
    private final String domain;
    private final Duration lifetimeMax;

    /**
     * Records that are good for at most so long.
     *
     * @param network what they are signed for, such as {@code /tensorlink/mainnet}
     * @param namespace the first part of their keys
     * @param lifetimeMax records that end later than this from now are refused
     */
    public SignedRecords(String network, String namespace, Duration lifetimeMax) {
        this.namespace = namespace;
        this.domain = network + " dht " + namespace;
        this.lifetimeMax = lifetimeMax;
    }

    public String namespace() {
        return namespace;
    }

    /**
     * Where the record called {@code name} of {@code owner} is.
     *
     * @param name may be empty
     */
    public ByteString key(PeerId owner, String name) {
        return ByteString.copyFromUtf8("/" + namespace + "/")
                .concat(owner.multihash())
                .concat(ByteString.copyFromUtf8("/" + name));
    }

    /** A record of {@code owner}, who signs it. */
    public DhtRecord sign(KeyPair owner, Content content) {
        var payload =
                SignedContent.newBuilder()
                        .setName(content.name())
                        .setSequence(content.sequence())
                        .setEndMillis(content.end().toEpochMilli())
                        .setValue(content.value())
                        .build()
                        .toByteString();
        var envelope = SignedEnvelope.seal(owner, domain, PAYLOAD_TYPE, payload);
        return new DhtRecord(key(owner.peerId(), content.name()), envelope.encode());
    }

    /**
     * Reads a record.
     *
     * @throws SignatureException when its owner has not signed this under this key
     */
    public Content open(DhtRecord record) throws SignatureException {
        var envelope = SignedEnvelope.open(record.value(), domain, PAYLOAD_TYPE);
        try {
            var content = SignedContent.parseFrom(envelope.payload());
            if (!record.key().equals(key(envelope.signer().peerId(), content.getName()))) {
                throw new SignatureException("signed by somebody else, or for another key");
            }
            return new Content(
                    content.getName(),
                    content.getSequence(),
                    Instant.ofEpochMilli(content.getEndMillis()),
                    content.getValue());
        } catch (InvalidProtocolBufferException | IllegalArgumentException wrong) {
            throw new SignatureException("bad content: " + wrong.getMessage(), wrong);
        }
    }

    @Override
    public Verdict check(DhtRecord record, Instant now) {
        try {
            var content = open(record);
            return content.end().isAfter(now.plus(lifetimeMax))
                    ? new Verdict.Invalid("ends later than " + lifetimeMax + " from now")
                    : new Verdict.Valid(content.end());
        } catch (SignatureException bad) {
            return new Verdict.Invalid("not signed: " + bad.getMessage());
        }
    }

    @Override
    public int compare(DhtRecord left, DhtRecord right) {
        int bySequence = Long.compare(sequence(left), sequence(right));
        return bySequence != 0
                ? bySequence
                : ByteString.unsignedLexicographicalComparator()
                        .compare(left.value(), right.value());
    }

    /** Whose id is in the key: a multihash, whose second byte says how many follow. */
    @Override
    public Optional<PeerId> owner(DhtRecord record) {
        int start = namespace.length() + 2;
        int length = 2 + record.key().byteAt(start + 1);
        return Optional.of(new PeerId(record.key().substring(start, start + length)));
    }

    private long sequence(DhtRecord record) {
        try {
            return open(record).sequence();
        } catch (SignatureException bad) {
            throw new IllegalArgumentException("compared without being checked", bad);
        }
    }

    /**
     * What the owner says.
     *
     * @param name tells records of one owner apart; may be empty
     * @param sequence at least 0; the highest counts
     * @param end until when it is good, to the millisecond
     */
    public record Content(String name, long sequence, Instant end, ByteString value) {
        public Content {
            if (sequence < 0) {
                throw new IllegalArgumentException("sequence is " + sequence + ", below 0");
            }
        }
    }
}
