package tensorlink.compute.torch;

import java.lang.foreign.MemorySegment;
import java.util.List;
import tensorlink.compute.format.Weights;
import tensorlink.compute.tensor.DType;
import tensorlink.compute.tensor.Shape;
import tensorlink.compute.tensor.Tensor;
import tensorlink.compute.tensor.TensorSpec;

/**
 * A stage's tensors, copied out of its memory as they are read.
 *
 * @param revision of the stage's tensors; they are not read once it has another
 */
record LiveState(TorchStage stage, long revision, List<TensorSpec> tensors) implements Weights {

    private static final long PIECE_BYTES = 4 << 20;

    @Override
    public void read(String name, long offset, MemorySegment target) throws InterruptedException {
        // By way of a piece of ours: the caller's memory may be for its own thread only.
        long size = target.byteSize();
        try (var piece = Tensor.allocate(DType.U8, Shape.of(Math.min(size, PIECE_BYTES)))) {
            for (long at = 0; at < size; at += PIECE_BYTES) {
                var part = piece.data().asSlice(0, Math.min(PIECE_BYTES, size - at));
                stage.read(revision, name, offset + at, part);
                target.asSlice(at, part.byteSize()).copyFrom(part);
            }
        }
    }
}
