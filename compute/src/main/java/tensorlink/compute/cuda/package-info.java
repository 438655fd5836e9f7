/**
 * What NVIDIA's driver says of this machine's cards, asked without any library of CUDA's besides
 * the driver's own.
 */
@NullMarked
package tensorlink.compute.cuda;

import org.jspecify.annotations.NullMarked;
