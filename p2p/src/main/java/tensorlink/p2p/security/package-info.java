/**
 * Proving who is at the other end and keeping everybody else out: Noise XX and TLS 1.3 as libp2p
 * uses them.
 *
 * <p>{@link tensorlink.p2p.security.Security} is what a connection upgrade needs of such a
 * protocol: a name and a Netty handler that ends in {@link tensorlink.p2p.security.Secured}. The
 * state machines of the Noise framework (revision 34) are plain classes without channel or clock.
 */
@NullMarked
package tensorlink.p2p.security;

import org.jspecify.annotations.NullMarked;
