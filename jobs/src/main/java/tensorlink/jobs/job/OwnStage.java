package tensorlink.jobs.job;

import tensorlink.compute.LayerRange;
import tensorlink.p2p.peer.PeerId;

/**
 * An end of a model that stays on its user's machine.
 *
 * @param node that works for this user alone
 * @param layers from the first on, or up to the last
 */
public record OwnStage(PeerId node, LayerRange layers) {}
