package tensorlink.dht;

import java.time.Instant;
import java.util.Optional;
import tensorlink.p2p.peer.PeerId;

/**
 * Says which records of a namespace are good, and which of two is better. The DHT stores and
 * returns nothing without asking. Pure and quick; safe for use by any thread.
 */
public interface RecordValidator {

    /** Judges a record, which may come from a stranger: its value can be any bytes. */
    Verdict check(DhtRecord record, Instant now);

    /**
     * Compares two valid records of the same key: positive when {@code left} replaces {@code
     * right}, such as by a higher sequence number. Every node must come to the same result, so
     * records that differ are never equal.
     */
    int compare(DhtRecord left, DhtRecord right);

    /**
     * Who made a valid record; empty where anybody can. A node holds {@link
     * DhtConfig.Bounds#recordsPerOwnerMax} records of one owner, and counts no others.
     */
    default Optional<PeerId> owner(DhtRecord record) {
        return Optional.empty();
    }

    /** Whether a record is good. */
    sealed interface Verdict {
        /**
         * It may be stored and returned.
         *
         * @param end until when; {@link Instant#MAX} when the record does not say
         */
        record Valid(Instant end) implements Verdict {}

        /** It is dropped. */
        record Invalid(String reason) implements Verdict {}
    }
}
