/**
 * Circuit relay 2: peers behind NATs are reached through others that pass their bytes on.
 *
 * <p>{@code CircuitTransport} dials and listens at {@code /p2p-circuit} addresses, so that what
 * runs over a relay is a connection like any other, secured and multiplexed from end to end. {@code
 * RelayServer} is the relay; whom it serves is decided by the {@code RelayBook}, which has no
 * clock, thread or socket. What either side says is one of {@code HopMessage} or {@code
 * StopMessage}.
 */
@NullMarked
package tensorlink.p2p.relay;

import org.jspecify.annotations.NullMarked;
