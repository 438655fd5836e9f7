/**
 * Batches on their way through stages: the queues between network and compute, a worker's loop over
 * its stage, and the user's two ends of the pipeline.
 *
 * <p>Knows nothing of how the stages were found. A frame comes off a stream into an {@code Inbox},
 * {@code StageRunner} takes it in the order of the schedule, and an {@code Outbox} sends the result
 * while the stage computes on.
 */
@NullMarked
package tensorlink.jobs.pipeline;

import org.jspecify.annotations.NullMarked;
