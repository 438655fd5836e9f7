/**
 * Models whose layers live on workers, in training loops of the Deep Java Library: {@link
 * tensorlink.jobs.djl.DistributedBlock} stands where a block is expected, {@link
 * tensorlink.jobs.djl.DistributedTrainer} where a trainer is.
 *
 * <p>Types of that library are in this package and in {@code tensorlink.compute.torch} only.
 */
@NullMarked
package tensorlink.jobs.djl;

import org.jspecify.annotations.NullMarked;
