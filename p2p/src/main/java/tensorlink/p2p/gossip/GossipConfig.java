package tensorlink.p2p.gossip;

import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.Set;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.peer.PeerId;

/**
 * How gossip is set up.
 *
 * @param explicitPeers who gets and may send everything, outside any mesh and whatever its score;
 *     the agreement must be mutual
 * @param exchangesPeers whether those whom we prune hear of others; for nodes that newcomers know
 */
public record GossipConfig(
        SignaturePolicy signatures,
        MeshConfig mesh,
        ScoreConfig score,
        GossipLimits limits,
        Set<PeerId> explicitPeers,
        boolean exchangesPeers,
        Scheduler scheduler) {

    public GossipConfig {
        explicitPeers = Collections.unmodifiableSet(new LinkedHashSet<>(explicitPeers));
    }

    public static GossipConfig defaults() {
        return new GossipConfig(
                SignaturePolicy.STRICT_SIGN,
                MeshConfig.defaults(),
                ScoreConfig.defaults(),
                GossipLimits.defaults(),
                Set.of(),
                false,
                Scheduler.system());
    }

    public GossipConfig withSignatures(SignaturePolicy changed) {
        return new GossipConfig(
                changed, mesh, score, limits, explicitPeers, exchangesPeers, scheduler);
    }

    public GossipConfig withMesh(MeshConfig changed) {
        return new GossipConfig(
                signatures, changed, score, limits, explicitPeers, exchangesPeers, scheduler);
    }

    public GossipConfig withScore(ScoreConfig changed) {
        return new GossipConfig(
                signatures, mesh, changed, limits, explicitPeers, exchangesPeers, scheduler);
    }

    public GossipConfig withLimits(GossipLimits changed) {
        return new GossipConfig(
                signatures, mesh, score, changed, explicitPeers, exchangesPeers, scheduler);
    }

    public GossipConfig withExplicitPeers(Set<PeerId> changed) {
        return new GossipConfig(
                signatures, mesh, score, limits, changed, exchangesPeers, scheduler);
    }

    public GossipConfig withExchangesPeers(boolean changed) {
        return new GossipConfig(signatures, mesh, score, limits, explicitPeers, changed, scheduler);
    }

    public GossipConfig withScheduler(Scheduler changed) {
        return new GossipConfig(
                signatures, mesh, score, limits, explicitPeers, exchangesPeers, changed);
    }
}
