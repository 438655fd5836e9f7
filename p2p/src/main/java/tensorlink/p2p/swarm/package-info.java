/**
 * All connections of a host: bringing them up, keeping them, serving and opening streams over them.
 *
 * <p>{@code Swarm} is the host; {@code Upgrade} turns a raw channel into a connection, {@code Dial}
 * finds one to a peer, {@code AcceptGate} decides whom to listen to at all, {@code ConnectionTable}
 * knows what is open. Who is at the other end is proven before anything here learns of a
 * connection.
 */
@NullMarked
package tensorlink.p2p.swarm;

import org.jspecify.annotations.NullMarked;
