/**
 * Netty by itself: bytes over a socket, over TLS and over QUIC, with nothing of libp2p. It shows
 * what a machine can carry at most; the only package beside {@code p2p} that imports Netty.
 *
 * <p>Every transfer is eight bytes that say how many follow, those, and one byte back.
 */
@NullMarked
package tensorlink.testnet.bench.bare;

import org.jspecify.annotations.NullMarked;
