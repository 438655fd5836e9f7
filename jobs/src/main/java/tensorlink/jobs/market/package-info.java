/**
 * How a job's layers come to workers: what workers offer, how a plan is made, how a worker answers.
 *
 * <p>Pure: values and decisions only. Who asks whom is in {@code validator} and {@code worker}.
 */
@NullMarked
package tensorlink.jobs.market;

import org.jspecify.annotations.NullMarked;
