package tensorlink.jobs.message;

import tensorlink.compute.LayerRange;
import tensorlink.p2p.peer.PeerInfo;

/** One stage of a route: who holds which layers. */
public record Neighbour(PeerInfo worker, LayerRange layers) {}
