/** Measurements whose results are ratios taken in one run. */
@NullMarked
package tensorlink.testnet.bench;

import org.jspecify.annotations.NullMarked;
