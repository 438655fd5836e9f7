package tensorlink.jobs.market;

import tensorlink.compute.LayerRange;
import tensorlink.ledger.Account;
import tensorlink.ledger.Amount;
import tensorlink.p2p.peer.PeerInfo;

/** One stage of a plan: which layers, on whom, at what price. */
public record StagePlan(
        PeerInfo worker, LayerRange layers, long memoryBytes, Account account, Amount unitPrice) {}
