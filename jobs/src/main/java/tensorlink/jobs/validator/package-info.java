/**
 * A validator's side of jobs: finds workers for users, keeps the network's ledger, watches over
 * jobs.
 *
 * <p>Start at {@link tensorlink.jobs.validator.Validator}; {@code Recruiting} is one job's search
 * for workers.
 */
@NullMarked
package tensorlink.jobs.validator;

import org.jspecify.annotations.NullMarked;
