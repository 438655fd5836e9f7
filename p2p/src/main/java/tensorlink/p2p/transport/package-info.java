/**
 * Getting a raw, unsecured byte channel to an address: TCP, and memory for hosts of one process.
 *
 * <p>A {@link tensorlink.p2p.transport.Transport} knows addresses and sockets and nothing of what
 * runs over them; the pipeline it is given upgrades the channel. Transports that bring their own
 * security and streams will stand beside this interface, not behind it.
 */
@NullMarked
package tensorlink.p2p.transport;

import org.jspecify.annotations.NullMarked;
