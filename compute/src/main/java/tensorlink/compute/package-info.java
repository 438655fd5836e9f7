/** Tensors, models, stages, schedules and optimizers; no network. */
@NullMarked
package tensorlink.compute;

import org.jspecify.annotations.NullMarked;
