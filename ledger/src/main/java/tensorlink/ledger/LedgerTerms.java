package tensorlink.ledger;

import java.time.Duration;

/**
 * What holds for every request to a ledger.
 *
 * @param kind for people, such as {@code file}
 * @param networkId of the network whose ledger this is
 * @param domain in which messages to this ledger are signed
 * @param issuer who grants credits
 * @param expiryTolerance how long after its expiry something still counts, for clocks that differ
 * @param vouchersMax in one request to redeem
 */
public record LedgerTerms(
        String kind,
        String networkId,
        Domain domain,
        Account issuer,
        Duration expiryTolerance,
        int vouchersMax) {}
