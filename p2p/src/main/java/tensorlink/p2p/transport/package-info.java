/**
 * Getting a channel to an address: TCP, WebSocket, QUIC, and memory for hosts of one process.
 *
 * <p>A {@link tensorlink.p2p.transport.Transport} knows addresses and sockets; the pipeline it is
 * given upgrades the channel. QUIC brings its own security and streams and says so by {@link
 * tensorlink.p2p.transport.Transport#own}; over all others these are negotiated.
 */
@NullMarked
package tensorlink.p2p.transport;

import org.jspecify.annotations.NullMarked;
