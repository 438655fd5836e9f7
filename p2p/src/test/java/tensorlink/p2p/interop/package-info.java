/**
 * Tests against js-libp2p, which runs as a process of its own. They need npm and run in the Maven
 * profile {@code interop} only; there a missing npm or node is a failure.
 */
@NullMarked
package tensorlink.p2p.interop;

import org.jspecify.annotations.NullMarked;
