/**
 * Weights between nodes, by byte range and digest: a user serves its model to the workers of its
 * job, a worker serves its stage to its user.
 */
@NullMarked
package tensorlink.jobs.weights;

import org.jspecify.annotations.NullMarked;
