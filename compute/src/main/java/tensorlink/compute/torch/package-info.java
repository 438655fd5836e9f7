/**
 * Stages computed by libtorch: {@link tensorlink.compute.torch.TorchEngine} is the way in. The only
 * package that touches the Deep Java Library.
 *
 * <p>Each stage has a thread of its own, on which all its native calls run, because libtorch's grad
 * mode, executor settings and thread counts belong to threads. The arithmetic is in {@code
 * operators.torchscript}, source text that libtorch compiles: one call runs a whole stage.
 */
@NullMarked
package tensorlink.compute.torch;

import org.jspecify.annotations.NullMarked;
