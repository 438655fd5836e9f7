/**
 * The vocabulary of the network layer: what a host, a connection and a stream are, and what can go
 * wrong with them. No implementations but the system clock.
 *
 * <p>{@link tensorlink.p2p.core.Host} is where an application starts. Everything above the event
 * loop blocks, on virtual threads from {@link tensorlink.p2p.core.Scheduler}.
 */
@NullMarked
package tensorlink.p2p.core;

import org.jspecify.annotations.NullMarked;
