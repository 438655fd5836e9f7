package tensorlink.dht;

import java.time.Instant;

/**
 * A record and since when a node holds it.
 *
 * @param since {@link Instant#EPOCH} when the node did not say
 */
public record HeldRecord(DhtRecord record, Instant since) {}
