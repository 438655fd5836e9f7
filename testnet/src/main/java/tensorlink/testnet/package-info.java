/** Whole networks in one JVM or many processes, benchmarks, and the architecture test. */
@NullMarked
package tensorlink.testnet;

import org.jspecify.annotations.NullMarked;
