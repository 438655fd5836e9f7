package tensorlink.ledger.file;

import java.time.Instant;
import tensorlink.ledger.Bytes32;

/**
 * The end of a ledger's log, which stands for all before it: two heads with one index and different
 * hashes are two histories.
 *
 * @param index of the last record, from 0
 * @param time of that record, by the ledger's clock
 */
public record Head(long index, Bytes32 hash, Instant time) {}
