/**
 * DCUtR: two hosts that met over a relay get a direct connection, even where neither can be
 * dialled.
 *
 * <p>{@code HolePuncher} is the entry point. The one that was called tries a plain dial first; then
 * both dial at the same moment, from the ports they listen at, so that each one's packets open its
 * own NAT for the other's.
 */
@NullMarked
package tensorlink.p2p.dcutr;

import org.jspecify.annotations.NullMarked;
