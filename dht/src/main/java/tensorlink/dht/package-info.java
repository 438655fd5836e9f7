/** Kademlia over p2p streams. */
@NullMarked
package tensorlink.dht;

import org.jspecify.annotations.NullMarked;
