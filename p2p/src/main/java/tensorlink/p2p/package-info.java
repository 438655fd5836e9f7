/** libp2p in Java: identity, addresses, transports, security, muxing. */
@NullMarked
package tensorlink.p2p;

import org.jspecify.annotations.NullMarked;
