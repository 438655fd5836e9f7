/**
 * Jobs that run over a network: a user's model whose layers live on workers.
 *
 * <p>Start reading at {@link tensorlink.jobs.JobClient}: it asks a validator for workers ({@code
 * market}, {@code validator}), signs agreements with them, has each load its layers ({@code
 * worker}, {@code weights}) and then drives batches through them ({@code pipeline}, {@code
 * training}) behind a {@link tensorlink.jobs.DistributedModel} that feels local. Behind that are
 * {@code StageTraffic} (batches to the stages and back), {@code TrainingSteps}, {@code
 * TextGeneration} and {@code RemoteState}; {@code Recovery} does anew what workers took with them.
 */
@NullMarked
package tensorlink.jobs;

import org.jspecify.annotations.NullMarked;
