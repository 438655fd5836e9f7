/**
 * What the node tells this machine's own commands, over HTTP on loopback, to whoever has its token.
 */
@NullMarked
package tensorlink.node.http;

import org.jspecify.annotations.NullMarked;
