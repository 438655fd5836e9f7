/**
 * The self-describing formats under libp2p's names: unsigned varints, multibase text and
 * multihashes.
 *
 * <p>Everything here is pure and takes bytes of strangers: lengths are checked before anything is
 * allocated and a malformed input is an {@link java.lang.IllegalArgumentException} that names the
 * value and the rule. Whoever reads from a peer turns that into a protocol violation.
 */
@NullMarked
package tensorlink.p2p.multiformats;

import org.jspecify.annotations.NullMarked;
