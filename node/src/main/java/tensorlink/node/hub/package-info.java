/**
 * Fetches models from a hub that speaks as huggingface.co does: {@link tensorlink.node.hub.Hub}.
 *
 * <p>Only configuration, tokenizer and safetensors are fetched, whole, each compared with the
 * digest that the hub lists for the commit. What was interrupted goes on where it was. {@link
 * tensorlink.node.hub.MavenRepository} fetches libraries in the same way; {@link
 * tensorlink.node.hub.HubParts} the ranges of some tensors alone, for workers.
 */
@NullMarked
package tensorlink.node.hub;

import org.jspecify.annotations.NullMarked;
