/**
 * Multiaddr: addresses that say every layer of how to reach somebody, such as {@code
 * /ip4/192.0.2.7/tcp/4001/p2p/12D3KooW…}, as text and as bytes.
 *
 * <p>{@link tensorlink.p2p.multiaddr.Multiaddr} is the value; {@link
 * tensorlink.p2p.multiaddr.AddressProtocol} the table of what may appear in it. Source: the
 * multiaddr and addressing specifications of libp2p.
 */
@NullMarked
package tensorlink.p2p.multiaddr;

import org.jspecify.annotations.NullMarked;
