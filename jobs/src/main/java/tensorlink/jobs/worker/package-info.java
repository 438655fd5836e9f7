/**
 * A worker's side of jobs: what it offers, the memory it promises, and the stages it runs for
 * users.
 *
 * <p>Start at {@link tensorlink.jobs.worker.Worker}. One {@code Engagement} is one job here, from
 * the accepted offer to the freed memory.
 */
@NullMarked
package tensorlink.jobs.worker;

import org.jspecify.annotations.NullMarked;
