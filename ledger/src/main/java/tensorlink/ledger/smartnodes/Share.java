package tensorlink.ledger.smartnodes;

import java.math.BigInteger;
import tensorlink.ledger.Account;

/**
 * What a worker has given in a round.
 *
 * @param capacity in bytes of memory times hours, from 1 to 2<sup>128</sup>−1, so that no sum of
 *     capacities nor a reward times one overflows where the contract multiplies
 */
public record Share(Account worker, BigInteger capacity) {
    static final int CAPACITY_BITS = 128;

    public Share {
        worker.checkNamed("worker");
        if (capacity.signum() <= 0 || capacity.bitLength() > CAPACITY_BITS) {
            throw new IllegalArgumentException(
                    "capacity of "
                            + worker
                            + " is not from 1 to 2^"
                            + CAPACITY_BITS
                            + "-1: "
                            + (capacity.bitLength() > 256
                                    ? capacity.bitLength() + " bits"
                                    : capacity.toString()));
        }
    }
}
