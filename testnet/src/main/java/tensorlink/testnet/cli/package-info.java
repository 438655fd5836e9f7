/** Adds the demo, the parity check, the benchmarks and the simulations to the program. */
@NullMarked
package tensorlink.testnet.cli;

import org.jspecify.annotations.NullMarked;
