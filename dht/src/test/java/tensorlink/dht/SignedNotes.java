package tensorlink.dht;

import com.google.protobuf.ByteString;
import java.security.SignatureException;
import java.time.Instant;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.SignedEnvelope;

/**
 * Records as the network's own will be: {@code /note/<peer id>} holds a text that its owner signed,
 * with a sequence number and an end.
 */
final class SignedNotes implements RecordValidator {
    static final String NAMESPACE = "note";

    private static final String DOMAIN = "test-note";
    private static final ByteString TYPE = ByteString.copyFromUtf8("note");

    static ByteString key(KeyPair owner) {
        return ByteString.copyFromUtf8("/note/").concat(owner.peerId().multihash());
    }

    static DhtRecord note(KeyPair owner, long sequence, Instant end, String text) {
        var payload = sequence + " " + end + " " + text;
        var envelope = SignedEnvelope.seal(owner, DOMAIN, TYPE, ByteString.copyFromUtf8(payload));
        return new DhtRecord(key(owner), envelope.encode());
    }

    @Override
    public Verdict check(DhtRecord record, Instant now) {
        try {
            var note = open(record);
            if (!key(note.owner()).equals(record.key())) {
                return new Verdict.Invalid("signed by somebody else");
            }
            return new Verdict.Valid(note.end());
        } catch (SignatureException bad) {
            return new Verdict.Invalid("bad signature");
        }
    }

    private static ByteString key(SignedEnvelope envelope) {
        return ByteString.copyFromUtf8("/note/").concat(envelope.signer().peerId().multihash());
    }

    @Override
    public int compare(DhtRecord left, DhtRecord right) {
        var bySequence = Long.compare(sequence(left), sequence(right));
        return bySequence != 0
                ? bySequence
                : ByteString.unsignedLexicographicalComparator()
                        .compare(left.value(), right.value());
    }

    static String text(DhtRecord record) {
        try {
            return open(record).text();
        } catch (SignatureException bad) {
            throw new AssertionError(bad);
        }
    }

    private static long sequence(DhtRecord record) {
        try {
            return open(record).sequence();
        } catch (SignatureException bad) {
            throw new AssertionError("compared without being checked", bad);
        }
    }

    private static Note open(DhtRecord record) throws SignatureException {
        var envelope = SignedEnvelope.open(record.value(), DOMAIN, TYPE);
        var parts = envelope.payload().toStringUtf8().split(" ", 3);
        return new Note(envelope, Long.parseLong(parts[0]), Instant.parse(parts[1]), parts[2]);
    }

    private record Note(SignedEnvelope owner, long sequence, Instant end, String text) {}
}
