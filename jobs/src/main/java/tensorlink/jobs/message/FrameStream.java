package tensorlink.jobs.message;

import com.google.protobuf.ByteString;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.concurrent.atomic.LongAdder;
import java.util.zip.CRC32C;
import tensorlink.compute.tensor.CodecError;
import tensorlink.compute.tensor.DType;
import tensorlink.compute.tensor.Shape;
import tensorlink.compute.tensor.Tensor;
import tensorlink.compute.tensor.TensorCodec;
import tensorlink.jobs.wire.FrameHeader;
import tensorlink.p2p.core.ProtocolViolation;
import tensorlink.p2p.core.Stream;

/**
 * Sends and receives {@link TensorFrame}s: a small header, then the tensor's bytes, as they lie in
 * memory or, for activations and gradients, in the codec that was agreed on. The size a header
 * promises is checked before memory is taken for it, and the bytes by their checksum.
 *
 * <p>One thread may send while another receives.
 */
public final class FrameStream implements AutoCloseable {
    /** The longest header, in bytes. */
    public static final int HEADER_BYTES_MAX = 256;

    private static final long CHECKSUM_CHUNK = 1 << 30; // what a byte buffer can span

    private final Stream stream;
    private final long tensorBytesMax;
    private final TensorCodec codec;
    private final LongAdder bytesSent = new LongAdder();
    private final LongAdder bytesReceived = new LongAdder();
    private volatile CodecError codecError = CodecError.NONE;

    /** A stream of tensors as they are. */
    public FrameStream(Stream stream, long tensorBytesMax) {
        this(stream, tensorBytesMax, TensorCodec.EXACT);
    }

    /**
     * @param tensorBytesMax the largest tensor to accept
     * @param codec of activations and gradients that it takes; a remote may use this one or none
     */
    public FrameStream(Stream stream, long tensorBytesMax, TensorCodec codec) {
        this.stream = stream;
        this.tensorBytesMax = tensorBytesMax;
        this.codec = codec;
    }

    /** Sends a frame and frees its tensor, also when sending fails. */
    public void send(TensorFrame frame) throws IOException, InterruptedException {
        try {
            var header = header(frame);
            var tensor = frame.tensor();
            if (tensor == null) {
                stream.writeMessage(header.build().toByteString());
                return;
            }
            header.setDtype(tensor.dtype().name()).addAllShape(tensor.shape().axes());
            if (codec == TensorCodec.EXACT || !coded(frame) || !codec.takes(tensor.dtype())) {
                send(header, tensor.data());
                return;
            }
            try (var encoded = codec.encode(tensor)) {
                if (encoded.elements() == 0) {
                    send(header, tensor.data());
                    return;
                }
                codecError = codecError.plus(codec.error(tensor, encoded.data()));
                header.setCoding(Codings.encode(codec)).setCodedBytes(encoded.elements());
                send(header, encoded.data());
            }
        } finally {
            frame.close();
        }
    }

    private void send(FrameHeader.Builder header, MemorySegment bytes)
            throws IOException, InterruptedException {
        // Counted first: who acts on this frame may ask for the counts before the writer goes on.
        bytesSent.add(bytes.byteSize());
        stream.writeMessage(header.setChecksum(checksum(bytes)).build().toByteString());
        stream.write(bytes);
    }

    /**
     * Waits for the next frame, whose tensor then belongs to the caller.
     *
     * @throws EOFException when the remote has closed its side
     * @throws ProtocolViolation for a malformed header, or a tensor truncated, larger than allowed
     *     or not as it was sent
     */
    public TensorFrame receive() throws IOException, InterruptedException {
        var header = Fields.parse("frame header", FrameHeader.parser(), header());
        long batch = Fields.natural("batch", header.getBatch());
        int microBatch = Fields.natural("micro-batch", header.getMicroBatch());
        return switch (header.getKind()) {
            case ACTIVATION -> {
                var work = BatchWork.decode(header.getWork());
                if (!work.has(microBatch)) {
                    throw new ProtocolViolation(
                            "micro-batch: "
                                    + microBatch
                                    + " of "
                                    + work.microBatches()
                                    + (work.first() == 0 ? "" : " from " + work.first()));
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
            case GRADIENT_PART -> new TensorFrame.GradientPart(batch, microBatch, tensor(header));
            case GRADIENT_SUM -> new TensorFrame.GradientSum(batch, microBatch, tensor(header));
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

    /** How far what the remote has is from what was sent. */
    public CodecError codecError() {
        return codecError;
    }

    /** Bytes of tensors sent so far, as they travelled. */
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

    /** Whether a frame is of the kind that may be written in a codec. */
    private static boolean coded(TensorFrame frame) {
        return frame instanceof TensorFrame.Activation || frame instanceof TensorFrame.Gradient;
    }

    private static FrameHeader.Builder header(TensorFrame frame) {
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
            case TensorFrame.GradientPart part -> header.setKind(FrameHeader.Kind.GRADIENT_PART);
            case TensorFrame.GradientSum sum -> header.setKind(FrameHeader.Kind.GRADIENT_SUM);
        }
        return header;
    }

    private Tensor tensor(FrameHeader header) throws IOException, InterruptedException {
        var type = Fields.read("dtype", () -> DType.valueOf(header.getDtype()));
        var shape = Fields.read("shape", () -> new Shape(header.getShapeList()));
        if (shape.elements() > tensorBytesMax / type.bytes()) {
            throw new ProtocolViolation(
                    "tensor: " + type + " " + shape + ", limit " + tensorBytesMax + " bytes");
        }
        var coding = Codings.decode(header.getCoding());
        if (coding == TensorCodec.EXACT) {
            return read(type, shape, header.getChecksum());
        }
        if (coding != codec || !coding.takes(type)) {
            throw new ProtocolViolation("coding: " + coding + " of " + type + ", agreed: " + codec);
        }
        long bytes = Fields.natural("coded bytes", header.getCodedBytes());
        if (!coding.fits(bytes, type, shape)) {
            throw new ProtocolViolation(
                    "coded bytes: " + bytes + " for " + coding + " of " + type + " " + shape);
        }
        try (var encoded = read(DType.U8, Shape.of(bytes), header.getChecksum())) {
            var tensor = Tensor.allocate(type, shape);
            try {
                coding.decode(encoded.data(), tensor);
                return tensor;
            } catch (IllegalArgumentException malformed) {
                tensor.close();
                throw new ProtocolViolation("tensor: " + malformed.getMessage());
            }
        }
    }

    private Tensor read(DType type, Shape shape, int checksum)
            throws IOException, InterruptedException {
        var tensor = Tensor.allocate(type, shape);
        try {
            MemorySegment data = tensor.data();
            stream.readFully(data);
            bytesReceived.add(data.byteSize());
            int arrived = checksum(data);
            if (arrived != checksum) {
                throw new ProtocolViolation(
                        String.format("checksum: %08x announced, %08x arrived", checksum, arrived));
            }
            return tensor;
        } catch (EOFException truncated) {
            tensor.close();
            throw new ProtocolViolation("tensor: the stream ended within it");
        } catch (IOException | InterruptedException | RuntimeException failed) {
            tensor.close();
            throw failed;
        }
    }

    /**
     * The CRC-32C of a tensor's bytes. The transport keeps others from changing them; this finds
     * what goes wrong within a node.
     */
    private static int checksum(MemorySegment bytes) {
        var crc = new CRC32C();
        long size = bytes.byteSize();
        for (long at = 0; at < size; at += CHECKSUM_CHUNK) {
            crc.update(bytes.asSlice(at, Math.min(CHECKSUM_CHUNK, size - at)).asByteBuffer());
        }
        return (int) crc.getValue();
    }
}
