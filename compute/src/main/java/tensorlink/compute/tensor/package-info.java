/**
 * Values and their descriptions: {@link tensorlink.compute.tensor.Tensor} in off-heap memory, its
 * type, its shape, and a tensor of a model by name. Knows nothing of models or devices.
 */
@NullMarked
package tensorlink.compute.tensor;

import org.jspecify.annotations.NullMarked;
