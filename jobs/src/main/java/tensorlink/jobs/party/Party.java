package tensorlink.jobs.party;

import tensorlink.jobs.message.Protocols;
import tensorlink.jobs.message.Seals;
import tensorlink.ledger.AccountKey;
import tensorlink.ledger.Domain;
import tensorlink.p2p.core.Host;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.peer.PeerId;

/**
 * A node as a party to jobs.
 *
 * @param account signs agreements, receipts and vouchers
 * @param domain in which these signatures are valid: that of the network's ledger
 * @param seals signs everything else with the peer's own key
 */
public record Party(
        Host host,
        AccountKey account,
        Domain domain,
        Protocols protocols,
        Seals seals,
        Scheduler scheduler) {

    public PeerId id() {
        return host.id();
    }
}
