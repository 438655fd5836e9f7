package tensorlink.jobs.message;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import tensorlink.compute.tensor.TensorCodec;
import tensorlink.jobs.wire.BatchMessage;
import tensorlink.jobs.wire.FrameHeader;
import tensorlink.jobs.wire.TensorCoding;
import tensorlink.p2p.AnyInput;
import tensorlink.p2p.Pieces;
import tensorlink.p2p.core.ProtocolId;
import tensorlink.p2p.core.ProtocolViolation;

/** What comes down a stage stream: headers, each with the bytes of its tensor behind it. */
class FrameInputTest extends AnyInput {
    private static final int TENSOR_BYTES_MAX = 64;
    private static final ProtocolId PROTOCOL = ProtocolId.of("/test/frames");

    @Override
    protected Stream<byte[]> inputs() {
        var floats = new byte[16];
        return Stream.of(
                frame(tensor(FrameHeader.Kind.GRADIENT, floats), floats),
                frame(
                        tensor(FrameHeader.Kind.ACTIVATION, floats)
                                .setWork(BatchMessage.newBuilder().setMicroBatches(2)),
                        floats),
                frame(
                        tensor(FrameHeader.Kind.GRADIENT, new byte[8])
                                .setCoding(TensorCoding.BF16)
                                .setCodedBytes(8),
                        new byte[8]),
                frame(tensor(FrameHeader.Kind.TIED_GRADIENT, floats).setDtype("F16"), floats),
                frame(
                        tensor(FrameHeader.Kind.ACTIVATION, floats)
                                .setMicroBatch(3)
                                .setWork(BatchMessage.newBuilder().setFirst(2).setMicroBatches(2)),
                        floats),
                frame(tensor(FrameHeader.Kind.GRADIENT_PART, floats).setMicroBatch(3), floats),
                frame(tensor(FrameHeader.Kind.GRADIENT_SUM, floats).addShape(1 << 20), floats),
                frame(FrameHeader.newBuilder().setKind(FrameHeader.Kind.LOSS).setLoss(2)),
                frame(FrameHeader.newBuilder().setKind(FrameHeader.Kind.TOKEN).setToken(2)),
                frame(FrameHeader.newBuilder().setKind(FrameHeader.Kind.SEED).setMicroBatch(-1)),
                frame(FrameHeader.newBuilder().setKindValue(99)));
    }

    private static FrameHeader.Builder tensor(FrameHeader.Kind kind, byte[] data) {
        var crc = new CRC32C();
        crc.update(data);
        return FrameHeader.newBuilder()
                .setKind(kind)
                .setBatch(1)
                .setDtype("F32")
                .addShape(2)
                .addShape(2)
                .setChecksum((int) crc.getValue());
    }

    private static byte[] frame(FrameHeader.Builder header, byte... data) {
        var bytes = new ByteArrayOutputStream();
        var message = header.build().toByteArray();
        bytes.write(message.length); // a varint of one byte
        bytes.writeBytes(message);
        bytes.writeBytes(data);
        return bytes.toByteArray();
    }

    @Override
    protected String outcome(List<byte[]> pieces) throws IOException {
        var frames =
                new FrameStream(new Pieces(PROTOCOL, pieces), TENSOR_BYTES_MAX, TensorCodec.BF16);
        var told = new StringBuilder();
        try {
            while (true) {
                try (var frame = frames.receive()) {
                    told.append(frame.getClass().getSimpleName())
                            .append(' ')
                            .append(frame.batch())
                            .append(' ')
                            .append(frame.tensor())
                            .append("; ");
                }
            }
        } catch (ProtocolViolation | EOFException end) {
            return told + end.getMessage();
        } catch (InterruptedException impossible) {
            throw new IllegalStateException(impossible);
        }
    }
}
