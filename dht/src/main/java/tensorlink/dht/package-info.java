/**
 * Kademlia: how nodes that know one address find peers, providers and records without a server.
 *
 * <p>{@link tensorlink.dht.Dht} is the way in. What is decided (whom to ask next, who stays in the
 * routing table, what is stored) is decided by classes without socket, clock or thread; {@code
 * KadServer}, {@code LookupRun} and {@code Refresh} carry it out over streams of a {@link
 * tensorlink.p2p.core.Host}, blocking, on virtual threads. The wire is libp2p's kad-dht under the
 * network's own protocol name.
 */
@NullMarked
package tensorlink.dht;

import org.jspecify.annotations.NullMarked;
