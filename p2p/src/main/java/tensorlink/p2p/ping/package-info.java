/** The ping protocol of libp2p: 32 bytes there and back. */
@NullMarked
package tensorlink.p2p.ping;

import org.jspecify.annotations.NullMarked;
