/** Adds the demo, the parity check and the benchmarks to the program. */
@NullMarked
package tensorlink.testnet.cli;

import org.jspecify.annotations.NullMarked;
