/**
 * Training runs: epochs over examples, evaluation, metrics, early stop and checkpoints, the same on
 * workers and in one process.
 *
 * <p>Start reading at {@link tensorlink.jobs.training.Trainer}. Which examples a step learns from
 * is a pure function of the seed and the number of the step, so a run goes on bit by bit from any
 * step of which model and optimizer are at hand ({@link tensorlink.jobs.training.Checkpoint}).
 */
@NullMarked
package tensorlink.jobs.training;

import org.jspecify.annotations.NullMarked;
