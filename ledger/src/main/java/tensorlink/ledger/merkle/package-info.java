/**
 * Merkle trees as OpenZeppelin's {@code MerkleProof} checks them: pairs are hashed in ascending
 * order, so a proof is a list of hashes without sides.
 *
 * <p>Pure: it knows hashes, not what they stand for. Whoever makes leaves hashes them twice, so
 * that no inner node can pass for one.
 */
@NullMarked
package tensorlink.ledger.merkle;

import org.jspecify.annotations.NullMarked;
