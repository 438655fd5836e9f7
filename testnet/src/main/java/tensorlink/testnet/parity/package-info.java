/** Shows that a node computes what PyTorch computes. */
@NullMarked
package tensorlink.testnet.parity;

import org.jspecify.annotations.NullMarked;
