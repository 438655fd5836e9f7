/** What a benchmark measured, round by round, and how it is judged. Pure. */
@NullMarked
package tensorlink.testnet.bench.figures;

import org.jspecify.annotations.NullMarked;
