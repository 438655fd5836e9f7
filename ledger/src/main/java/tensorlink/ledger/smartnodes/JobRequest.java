package tensorlink.ledger.smartnodes;

import java.math.BigInteger;
import java.util.List;
import tensorlink.ledger.Bytes32;

/**
 * A job whose payment is put aside in tokens.
 *
 * @param user the hash that the user's account is registered with
 * @param job the SHA-256 of its description
 * @param network its name
 * @param capacities of each worker, at least one
 * @param payment in the token's smallest unit, from 1 to 2<sup>80</sup>−1: the contract takes more
 *     and records the low 80 bits of it, so that the rest is lost
 */
public record JobRequest(
        Bytes32 user,
        Bytes32 job,
        String network,
        List<BigInteger> capacities,
        BigInteger payment) {
    static final int NETWORK_CHARACTERS_MAX = 64;
    static final int CAPACITIES_MAX = 1_024;
    static final int PAYMENT_BITS = 80;

    public JobRequest {
        capacities = List.copyOf(capacities);
        if (network.isEmpty() || network.length() > NETWORK_CHARACTERS_MAX) {
            throw new IllegalArgumentException(
                    "network has "
                            + network.length()
                            + " characters, not 1 to "
                            + NETWORK_CHARACTERS_MAX);
        }
        if (capacities.isEmpty() || capacities.size() > CAPACITIES_MAX) {
            throw new IllegalArgumentException(
                    capacities.size() + " capacities, not 1 to " + CAPACITIES_MAX);
        }
        if (payment.signum() <= 0 || payment.bitLength() > PAYMENT_BITS) {
            throw new IllegalArgumentException(
                    "payment is not from 1 to 2^"
                            + PAYMENT_BITS
                            + "-1, which is all that the contract records: "
                            + payment.bitLength()
                            + " bits");
        }
    }
}
