/**
 * One host under a flood, each party in a process of its own. Runs in the Maven profile {@code
 * flood} only, because it wants a machine to itself.
 */
@NullMarked
package tensorlink.p2p.flood;

import org.jspecify.annotations.NullMarked;
