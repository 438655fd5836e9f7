/**
 * Meters of a node's own, for who has a Micrometer registry; nothing else here needs Micrometer.
 */
@NullMarked
package tensorlink.node.metrics;

import org.jspecify.annotations.NullMarked;
