/**
 * A user's side of a running job: the control streams to its workers, the two ends of the pipeline,
 * the log of committed steps, and what is paid.
 */
@NullMarked
package tensorlink.jobs.user;

import org.jspecify.annotations.NullMarked;
