/**
 * The order in which a stage runs the micro-batches of a step. Pure: no thread, clock or tensor.
 */
@NullMarked
package tensorlink.compute.schedule;

import org.jspecify.annotations.NullMarked;
