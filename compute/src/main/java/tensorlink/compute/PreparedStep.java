package tensorlink.compute;

/**
 * The gradients a stage is ready to apply.
 *
 * @param gradients SHA-256 over the gradients' little-endian bytes, in the order of {@link
 *     Stage#parameters}
 * @param squaredNorm the sum of the squares of all gradients, for clipping by the global norm; a
 *     tensor that two stages share counts on the one that holds the embedding
 */
public record PreparedStep(Digest gradients, double squaredNorm) {}
