/**
 * What a job is: its specification, its identity, its state machine and what can go wrong with it.
 *
 * <p>The vocabulary of this module; depends on none of its other packages.
 */
@NullMarked
package tensorlink.jobs.job;

import org.jspecify.annotations.NullMarked;
