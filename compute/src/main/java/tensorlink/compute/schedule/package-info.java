/**
 * The order in which the workers of a pipeline go through the micro-batches of a batch: schedules
 * as lists of steps, and what such lists would cost. Pure: no thread, clock or tensor.
 */
@NullMarked
package tensorlink.compute.schedule;

import org.jspecify.annotations.NullMarked;
