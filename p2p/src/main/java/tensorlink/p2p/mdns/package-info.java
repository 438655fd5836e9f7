/**
 * Finding peers on the local network by multicast DNS, as libp2p's mDNS specification has it.
 *
 * <p>Going down: {@code Mdns} asks and answers over a {@code Lan}; {@code Discovery} decides what a
 * question is answered and which peers an answer names; {@code DnsMessage} reads and writes
 * packets. Everybody on the local network can send anything, so each of them is bounded, and a
 * packet that is not understood is as good as none.
 *
 * <p>A private network asks and answers under a name made of its key's fingerprint, and answers
 * nothing else. What it tells there is in clear: that somebody with this key is here, with peer id
 * and addresses, which who sees its packets can tell anyway.
 */
@NullMarked
package tensorlink.p2p.mdns;

import org.jspecify.annotations.NullMarked;
