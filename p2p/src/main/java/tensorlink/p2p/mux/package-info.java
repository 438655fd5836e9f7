/**
 * Many streams over one connection, each with its own flow control: yamux.
 *
 * <p>Two worlds meet here and nowhere else. A connection belongs to one event loop, which alone
 * parses, schedules and writes ({@code YamuxSession}); applications block on virtual threads in
 * {@code YamuxStream}, whose lock guards what both touch. {@link
 * tensorlink.p2p.mux.MuxedConnection} and {@link tensorlink.p2p.mux.MuxedStream} are what is seen
 * from above, whatever the muxer.
 */
@NullMarked
package tensorlink.p2p.mux;

import org.jspecify.annotations.NullMarked;
