/**
 * Private networks: everything on a connection, from its first byte, is encrypted with a key that
 * the members of a network share (XSalsa20, libp2p's pre-shared-key specification).
 *
 * <p>The key proves nobody and authenticates nothing; Noise or TLS do that inside. It only keeps
 * the network apart: to everybody else its bytes mean nothing.
 */
@NullMarked
package tensorlink.p2p.pnet;

import org.jspecify.annotations.NullMarked;
