/**
 * A paid job on a chain of its own: {@link tensorlink.testnet.chain.ChainCommand}.
 *
 * <p>Anvil runs as a process of this one, our contract is deployed on it, and a network whose
 * founder named that contract runs the same job as one whose validator keeps a file. Everybody owns
 * the same in the end.
 */
@NullMarked
package tensorlink.testnet.chain;

import org.jspecify.annotations.NullMarked;
