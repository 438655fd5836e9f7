package tensorlink.p2p.autonat;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tensorlink.p2p.core.Reachability;
import tensorlink.p2p.multiaddr.Multiaddr;

/**
 * Makes one opinion of many verdicts. One peer may lie or be a special case, such as one whose
 * packets our NAT lets in because we sent it some; so an address is taken for reachable, or not,
 * only once several networks say so and more than say the opposite. Of each network its last
 * verdict counts, for a while. The host is public when one of its addresses is reachable, and
 * private when none of them is. Bounded; no clock and no lock of its own; time is in nanoseconds.
 */
final class ReachabilityJudge {
    static final int NETWORKS_MAX = 32;

    private final AutoNatLimits limits;
    private final Map<Multiaddr, Map<Object, Vote>> votes = new LinkedHashMap<>();

    ReachabilityJudge(AutoNatLimits limits) {
        this.limits = limits;
    }

    private record Vote(boolean isReachable, long at) {}

    /** Forgets what was said about other addresses than {@code addresses}. */
    void addresses(List<Multiaddr> addresses) {
        votes.keySet().retainAll(addresses);
        for (var address : addresses) {
            if (votes.size() < limits.addressesMax()) {
                votes.putIfAbsent(address, new LinkedHashMap<>());
            }
        }
    }

    /**
     * Takes {@code verdict} into account.
     *
     * @param network where the peer is that said it
     */
    void heard(Verdict verdict, Object network, long now) {
        switch (verdict) {
            case Verdict.Reachable(var address) -> vote(address, network, new Vote(true, now));
            case Verdict.Unreachable(var addresses) -> {
                for (var address : addresses) {
                    vote(address, network, new Vote(false, now));
                }
            }
            case Verdict.Refused _ -> {}
        }
    }

    private void vote(Multiaddr address, Object network, Vote vote) {
        var known = votes.get(address);
        if (known != null && (known.containsKey(network) || known.size() < NETWORKS_MAX)) {
            known.put(network, vote);
        }
    }

    Reachability reachability(long now) {
        boolean isUnclear = false;
        for (var address : votes.keySet()) {
            switch (of(address, now)) {
                case PUBLIC -> {
                    return Reachability.PUBLIC;
                }
                case UNKNOWN -> isUnclear = true;
                case PRIVATE -> {}
            }
        }
        return isUnclear ? Reachability.UNKNOWN : Reachability.PRIVATE;
    }

    /** What is thought of one address. */
    Reachability of(Multiaddr address, long now) {
        var known = votes.get(address);
        if (known == null) {
            return Reachability.UNKNOWN;
        }
        long lifetime = limits.verdictLifetime().toNanos();
        known.values().removeIf(vote -> now - vote.at() >= lifetime);
        long yes = known.values().stream().filter(Vote::isReachable).count();
        long no = known.size() - yes;
        if (yes >= limits.agreeingMin() && yes > no) {
            return Reachability.PUBLIC;
        }
        return no >= limits.agreeingMin() && no > yes ? Reachability.PRIVATE : Reachability.UNKNOWN;
    }

    /** The addresses of which least is known first. */
    List<Multiaddr> toAsk(long now) {
        var unclear = new ArrayList<Multiaddr>();
        var clear = new ArrayList<Multiaddr>();
        for (var address : votes.keySet()) {
            (of(address, now) == Reachability.UNKNOWN ? unclear : clear).add(address);
        }
        unclear.addAll(clear);
        return unclear;
    }
}
