/**
 * Tensors, models, stages, schedules and optimizers; no network.
 *
 * <p>Start at {@link tensorlink.compute.Model}, what is computed; {@link
 * tensorlink.compute.Engine}, which opens stages on this machine; and {@link
 * tensorlink.compute.Stage}, some layers ready to compute.
 */
@NullMarked
package tensorlink.compute;

import org.jspecify.annotations.NullMarked;
