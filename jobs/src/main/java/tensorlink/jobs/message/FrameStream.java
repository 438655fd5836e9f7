package tensorlink.jobs.message;

import com.google.protobuf.ByteString;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import tensorlink.compute.tensor.DType;
import tensorlink.compute.tensor.Shape;
import tensorlink.compute.tensor.Tensor;
import tensorlink.jobs.wire.FrameHeader;
import tensorlink.p2p.core.ProtocolViolation;
import tensorlink.p2p.core.Stream;

/**
 * Sends and receives {@link TensorFrame}s: a small header, then the tensor's bytes as they lie in
 * memory. The size a header promises is checked before memory is taken for it.
 *
 * <p>One thread may send while another receives.
 */
public final class FrameStream implements AutoCloseable {
    /** The longest header, in bytes. */
    public static final int HEADER_BYTES_MAX = 256;

    private final Stream stream;
    private final long tensorBytesMax;
    private final LongAdder bytesSent = new LongAdder();
    private final LongAdder bytesReceived = new LongAdder();

    /**
     * @param tensorBytesMax the largest tensor to accept
     */
    public FrameStream(Stream stream, long tensorBytesMax) {
        this.stream = stream;
        this.tensorBytesMax = tensorBytesMax;
    }

    /** Sends a frame and frees its tensor, also when sending fails. */
    public void send(TensorFrame frame) throws IOException, InterruptedException {
        try {
            var tensor = frame.tensor();
            stream.writeMessage(header(frame, tensor).toByteString());
            if (tensor != null) {
                stream.write(tensor.data());
                bytesSent.add(tensor.data().byteSize());
            }
        } finally {
            frame.close();
        }
    }

    /**
     * Waits for the next frame, whose tensor then belongs to the caller.
     *
     * @throws EOFException when the remote has closed its side
     * @throws ProtocolViolation for a malformed header, or a tensor truncated or larger than
     *     allowed
     */
    public TensorFrame receive() throws IOException, InterruptedException {
        var header = Fields.parse("frame header", FrameHeader.parser(), header());
        long batch = Fields.natural("batch", header.getBatch());
        int microBatch = Fields.natural("micro-batch", header.getMicroBatch());
        return switch (header.getKind()) {
            case ACTIVATION -> {
                var work = BatchWork.decode(header.getWork());
                if (microBatch >= work.microBatches()) {
                    throw new ProtocolViolation(
                            "micro-batch: " + microBatch + " of " + work.microBatches());
                }
                yield new TensorFrame.Activation(batch, microBatch, work, tensor(header));
            }
            case GRADIENT -> new TensorFrame.Gradient(batch, microBatch, tensor(header));
            case LABELS -> new TensorFrame.Labels(batch, microBatch, tensor(header));
            case LOSS -> new TensorFrame.Loss(batch, microBatch, header.getLoss());
            case LOGITS -> new TensorFrame.Logits(batch, microBatch, tensor(header));
            case TOKEN -> new TensorFrame.Token(batch, microBatch, header.getToken());
            case SEED -> new TensorFrame.Seed(batch, microBatch);
            case TIED_GRADIENT -> new TensorFrame.TiedGradient(batch, tensor(header));
            case UNRECOGNIZED -> throw Fields.unset("frame");
        };
    }

    private ByteString header() throws IOException, InterruptedException {
        Optional<ByteString> header;
        try {
            header = stream.nextMessage(HEADER_BYTES_MAX);
        } catch (EOFException truncated) {
            throw new ProtocolViolation("frame header: the stream ended within it");
        }
        return header.orElseThrow(() -> new EOFException("the remote has closed the stream"));
    }

    /** Bytes of tensors sent so far. */
    public long bytesSent() {
        return bytesSent.sum();
    }

    /** Bytes of tensors received so far. */
    public long bytesReceived() {
        return bytesReceived.sum();
    }

    /** Abandons the stream; whoever sends or receives fails. */
    public void reset() {
        stream.reset();
    }

    @Override
    public void close() {
        stream.close();
    }

    private static FrameHeader header(TensorFrame frame, @Nullable Tensor tensor) {
        var header =
                FrameHeader.newBuilder().setBatch(frame.batch()).setMicroBatch(frame.microBatch());
        switch (frame) {
            case TensorFrame.Activation activation ->
                    header.setKind(FrameHeader.Kind.ACTIVATION).setWork(activation.work().encode());
            case TensorFrame.Gradient gradient -> header.setKind(FrameHeader.Kind.GRADIENT);
            case TensorFrame.Labels labels -> header.setKind(FrameHeader.Kind.LABELS);
            case TensorFrame.Loss loss ->
                    header.setKind(FrameHeader.Kind.LOSS).setLoss(loss.value());
            case TensorFrame.Logits logits -> header.setKind(FrameHeader.Kind.LOGITS);
            case TensorFrame.Token token ->
                    header.setKind(FrameHeader.Kind.TOKEN).setToken(token.token());
            case TensorFrame.Seed seed -> header.setKind(FrameHeader.Kind.SEED);
            case TensorFrame.TiedGradient tied -> header.setKind(FrameHeader.Kind.TIED_GRADIENT);
        }
        if (tensor != null) {
            header.setDtype(tensor.dtype().name()).addAllShape(tensor.shape().axes());
        }
        return header.build();
    }

    private Tensor tensor(FrameHeader header) throws IOException, InterruptedException {
        var type = Fields.read("dtype", () -> DType.valueOf(header.getDtype()));
        var shape = Fields.read("shape", () -> new Shape(header.getShapeList()));
        if (shape.elements() > tensorBytesMax / type.bytes()) {
            throw new ProtocolViolation(
                    "tensor: " + type + " " + shape + ", limit " + tensorBytesMax + " bytes");
        }
        var tensor = Tensor.allocate(type, shape);
        try {
            MemorySegment data = tensor.data();
            stream.readFully(data);
            bytesReceived.add(data.byteSize());
            return tensor;
        } catch (EOFException truncated) {
            tensor.close();
            throw new ProtocolViolation("tensor: the stream ended within it");
        } catch (IOException | InterruptedException | RuntimeException failed) {
            tensor.close();
            throw failed;
        }
    }
}
