/**
 * EIP-712 typed-data hashing, by hand: constant type hashes and 32-byte words.
 *
 * <p>Pure and the lowest package of the module: it knows words and hashes, not money. A message
 * type states its {@link tensorlink.ledger.eip712.StructType} once; hashing a value then checks
 * each member against that text, so that a field can neither be forgotten nor narrowed.
 *
 * <p>Source: <a href="https://eips.ethereum.org/EIPS/eip-712">EIP-712</a>.
 */
@NullMarked
package tensorlink.ledger.eip712;

import org.jspecify.annotations.NullMarked;
