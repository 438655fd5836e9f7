/**
 * Thousands of nodes on one thread, in virtual time, from one seed.
 *
 * <p>The production code runs unchanged: {@code VirtualTime} is its clock and carries its threads,
 * {@code SimulatedNetwork} says how long a message takes and whether it arrives. Equal seeds give
 * equal runs, which the trace hash of {@code Trace} shows.
 */
@NullMarked
package tensorlink.testnet.sim;

import org.jspecify.annotations.NullMarked;
