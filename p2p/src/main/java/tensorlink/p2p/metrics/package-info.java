/**
 * What a host does, as Micrometer meters. This package alone needs Micrometer, which is an optional
 * dependency: a host runs without it.
 */
@NullMarked
package tensorlink.p2p.metrics;

import org.jspecify.annotations.NullMarked;
