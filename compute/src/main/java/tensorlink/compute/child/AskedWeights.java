package tensorlink.compute.child;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.List;
import tensorlink.compute.format.Weights;
import tensorlink.compute.tensor.DType;
import tensorlink.compute.tensor.Shape;
import tensorlink.compute.tensor.Tensor;
import tensorlink.compute.tensor.TensorSpec;

/** In the process of a stage: weights that the other process reads for it, piece by piece. */
final class AskedWeights implements Weights {
    static final int PIECE_BYTES_MAX = 4 << 20;

    private final Wire wire;
    private final List<TensorSpec> tensors;

    AskedWeights(Wire wire, List<TensorSpec> tensors) {
        this.wire = wire;
        this.tensors = tensors;
    }

    /** A tensor to carry so many bytes. */
    static Tensor room(int bytes) {
        return Tensor.allocate(DType.U8, Shape.of(bytes));
    }

    @Override
    public List<TensorSpec> tensors() {
        return tensors;
    }

    @Override
    public void read(String name, long offset, MemorySegment target) throws IOException {
        for (long at = 0; at < target.byteSize(); at += PIECE_BYTES_MAX) {
            int length = (int) Math.min(PIECE_BYTES_MAX, target.byteSize() - at);
            readPiece(name, offset + at, target.asSlice(at, length));
        }
    }

    private void readPiece(String name, long offset, MemorySegment target) throws IOException {
        wire.send(Reply.class, new Reply.Wants(name, offset, (int) target.byteSize()));
        switch (wire.receive(Call.class)) {
            case Call.Piece(var bytes) -> {
                try (bytes) {
                    target.copyFrom(bytes.data());
                }
            }
            case Call.Unreadable(var why) -> throw new IOException(why);
            case Call other -> throw new IOException(other + " instead of a piece of " + name);
        }
    }
}
