/**
 * The identify protocol of libp2p: what peers tell each other about themselves when they meet, and
 * again when it changes (push).
 *
 * <p>{@link tensorlink.p2p.identify.Identify} runs it; {@code Profile} turns a host into messages,
 * {@code Claims} turns messages of a stranger into what is believed of them. Addresses are signed
 * by their owner and checked; everything else is a claim.
 */
@NullMarked
package tensorlink.p2p.identify;

import org.jspecify.annotations.NullMarked;
