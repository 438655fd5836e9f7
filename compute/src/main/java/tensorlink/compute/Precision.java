package tensorlink.compute;

/**
 * In what training computes products of matrices: linear parts and attention. Parameters,
 * gradients, optimizer state, norms, the sums that layers add to, and losses are F32 in any case,
 * and so is what stages hand to each other.
 */
public enum Precision {
    F32,
    /** With values of 8 significant bits, added up in more. */
    BF16
}
