/**
 * Gossipsub 1.1 and 1.2: messages on topics reach everybody who joined, over a mesh of a few peers
 * each, with what the mesh missed recovered by gossip.
 *
 * <p>{@link tensorlink.p2p.gossip.Gossip#start} is the way in. All decisions are in {@link
 * tensorlink.p2p.gossip.GossipRouter}, which has no clock, thread or socket; {@code Gossip} moves
 * its bytes over a host's streams, and a simulation moves whole networks of it in virtual time.
 */
@NullMarked
package tensorlink.p2p.gossip;

import org.jspecify.annotations.NullMarked;
