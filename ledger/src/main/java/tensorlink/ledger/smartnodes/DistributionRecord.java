package tensorlink.ledger.smartnodes;

import java.math.BigInteger;
import tensorlink.ledger.Bytes32;

/**
 * What the token keeps of a distribution.
 *
 * @param tokens for all workers together
 * @param wei for all workers together
 * @param totalCapacity by which a worker's capacity is divided
 */
public record DistributionRecord(
        Bytes32 root, BigInteger tokens, BigInteger wei, BigInteger totalCapacity) {}
