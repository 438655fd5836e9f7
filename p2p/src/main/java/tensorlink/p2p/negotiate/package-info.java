/**
 * Agreeing on a protocol: multistream-select 1.0, for connections and for streams.
 *
 * <p>{@link tensorlink.p2p.negotiate.Negotiation} is the rule, fed byte by byte, without a socket
 * or a clock; {@link tensorlink.p2p.negotiate.NegotiationHandler} runs it on a Netty channel.
 * Streams run it on their own thread.
 */
@NullMarked
package tensorlink.p2p.negotiate;

import org.jspecify.annotations.NullMarked;
