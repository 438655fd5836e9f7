package tensorlink.dht;

import com.google.protobuf.ByteString;
import java.time.Instant;
import tensorlink.p2p.peer.PublicKey;

/** libp2p's {@code /pk/<peer id>}: the public key of a peer whose id does not contain it. */
final class PublicKeyRecords implements RecordValidator {
    static final String NAMESPACE = "pk";

    private static final ByteString PREFIX = ByteString.copyFromUtf8("/pk/");

    @Override
    public Verdict check(DhtRecord record, Instant now) {
        try {
            var owner = PublicKey.decode(record.value()).peerId();
            return record.key().equals(PREFIX.concat(owner.multihash()))
                    ? new Verdict.Valid(Instant.MAX)
                    : new Verdict.Invalid("the key of another peer");
        } catch (IllegalArgumentException malformed) {
            return new Verdict.Invalid("no public key: " + malformed.getMessage());
        }
    }

    /** There is one key to an id, and one way to write it. */
    @Override
    public int compare(DhtRecord left, DhtRecord right) {
        return ByteString.unsignedLexicographicalComparator().compare(left.value(), right.value());
    }
}
