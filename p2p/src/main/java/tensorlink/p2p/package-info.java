/**
 * libp2p in Java: identity, addresses, transports, security, muxing.
 *
 * <p>{@link tensorlink.p2p.Libp2p#start} gives a {@link tensorlink.p2p.core.Host}; {@link
 * tensorlink.p2p.HostConfig} says how it is set up. Nothing in the module depends on this package.
 */
@NullMarked
package tensorlink.p2p;

import org.jspecify.annotations.NullMarked;
