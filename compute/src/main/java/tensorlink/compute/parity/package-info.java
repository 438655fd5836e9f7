/**
 * Whether a model computed here gives what PyTorch gave: {@link tensorlink.compute.parity.Golden}
 * holds PyTorch's results, {@link tensorlink.compute.parity.ParityReport} the largest differences.
 */
@NullMarked
package tensorlink.compute.parity;

import org.jspecify.annotations.NullMarked;
