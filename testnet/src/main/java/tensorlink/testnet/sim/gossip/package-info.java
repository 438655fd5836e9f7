/**
 * Whole networks of the production gossip router in virtual time: one thread, one seed, no socket.
 * The same seed gives the same trace.
 */
@NullMarked
package tensorlink.testnet.sim.gossip;

import org.jspecify.annotations.NullMarked;
