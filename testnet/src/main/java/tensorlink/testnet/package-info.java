/**
 * Whole networks on one machine, in one process or in many: what the demo, the parity check and the
 * benchmarks run on, and the tests of everything together.
 */
@NullMarked
package tensorlink.testnet;

import org.jspecify.annotations.NullMarked;
