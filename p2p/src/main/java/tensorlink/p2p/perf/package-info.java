/**
 * The perf protocol of libp2p: as many bytes as you like, there and back.
 *
 * <p>The benchmark that all implementations share. Whoever serves it lends out bandwidth, so a host
 * does so only when it is told to.
 */
@NullMarked
package tensorlink.p2p.perf;

import org.jspecify.annotations.NullMarked;
