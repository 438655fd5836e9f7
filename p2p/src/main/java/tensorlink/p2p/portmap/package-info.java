/**
 * Port mapping: the router at home is asked to pass on what comes for a port of its own, by PCP
 * (RFC 6887) or, where it does not know that, NAT-PMP (RFC 6886).
 *
 * <p>{@code PortMapper} is the entry point. What is said to routers and what they answer is in
 * {@code Pcp} and {@code NatPmp}, which have no socket.
 */
@NullMarked
package tensorlink.p2p.portmap;

import org.jspecify.annotations.NullMarked;
