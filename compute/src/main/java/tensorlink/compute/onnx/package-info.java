/**
 * Reads pretrained encoders from ONNX files: {@link tensorlink.compute.onnx.OnnxImport} gives the
 * model that the graph computes, under the names that Hugging Face has for it.
 *
 * <p>The graph is not run. It is recognised: its operators must be from an allow-list, and what its
 * nodes do with the weights tells their names, the number of heads, the activation and the epsilon.
 */
@NullMarked
package tensorlink.compute.onnx;

import org.jspecify.annotations.NullMarked;
