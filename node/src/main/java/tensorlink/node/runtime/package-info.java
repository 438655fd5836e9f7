/**
 * What a node computes with: the kernels that came with it, a set with CUDA that it fetches from a
 * Maven repository, or a libtorch that is installed already. {@link
 * tensorlink.node.runtime.Runtimes} lists them, fetches and chooses.
 */
@NullMarked
package tensorlink.node.runtime;

import org.jspecify.annotations.NullMarked;
