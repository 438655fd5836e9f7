/**
 * AutoNAT 1 and 2: other peers are asked to dial this host, and what they say becomes {@link
 * tensorlink.p2p.core.Reachability}.
 *
 * <p>{@code AutoNat} is the entry point. {@code NatClient} asks and {@code NatServer} answers, each
 * in both versions; {@code ReachabilityJudge} makes one opinion of many verdicts and {@code
 * DialBackBook} decides for whom we dial, both without a clock, thread or socket.
 */
@NullMarked
package tensorlink.p2p.autonat;

import org.jspecify.annotations.NullMarked;
