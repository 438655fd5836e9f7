/**
 * Port mapping: the router at home is asked to pass on what comes for a port of its own, by PCP
 * (RFC 6887) or, where it does not know that, by NAT-PMP (RFC 6886) or UPnP.
 *
 * <p>{@code PortMapper} is the entry point, each {@code Router} a way to ask. What is said to
 * routers and what they answer is in {@code Pcp}, {@code NatPmp}, {@code Ssdp}, {@code WanService}
 * and {@code Soap}, which have no socket.
 */
@NullMarked
package tensorlink.p2p.portmap;

import org.jspecify.annotations.NullMarked;
