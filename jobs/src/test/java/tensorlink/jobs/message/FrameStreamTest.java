package tensorlink.jobs.message;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tensorlink.compute.tensor.DType;
import tensorlink.compute.tensor.Shape;
import tensorlink.compute.tensor.Tensor;
import tensorlink.compute.tensor.TensorCodec;
import tensorlink.jobs.lab.Lab;
import tensorlink.jobs.lab.Patience;
import tensorlink.jobs.wire.FrameHeader;
import tensorlink.jobs.wire.TensorCoding;
import tensorlink.p2p.core.Host;
import tensorlink.p2p.core.ProtocolViolation;
import tensorlink.p2p.core.Stream;

/** Frames from one end of a stream to the other. */
@Timeout(60)
class FrameStreamTest {
    private static final int COUNT = 4096;

    @TempDir private Path folder;
    private Lab lab;
    private Stream here;
    private Stream there;
    private Host receiver;

    @BeforeEach
    void open() throws Exception {
        lab = new Lab(folder, Patience.enough());
        var ends = lab.stream();
        here = ends.opened();
        there = ends.came();
        receiver = ends.receiver();
    }

    @AfterEach
    void close() throws IOException {
        here.reset();
        there.reset();
        lab.close();
    }

    private static Tensor states() {
        var random = new Random(1);
        var values = new float[COUNT];
        for (int i = 0; i < COUNT; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return Tensor.ofFloats(Shape.of(1, 1, COUNT), values);
    }

    private FrameStream sender(TensorCodec codec) {
        return new FrameStream(here, 1 << 20, codec);
    }

    private FrameStream receiver(TensorCodec codec) {
        return new FrameStream(there, 1 << 20, codec);
    }

    @ParameterizedTest
    @EnumSource(TensorCodec.class)
    void a_gradient_arrives_as_the_codec_has_it(TensorCodec codec) throws Exception {
        var sending = sender(codec);
        var receiving = receiver(codec);
        sending.send(new TensorFrame.Gradient(1, 2, states()));

        try (var frame = receiving.receive();
                var sent = states();
                var expected = Tensor.allocate(DType.F32, sent.shape());
                var encoded = codec.encode(sent)) {
            codec.decode(encoded.data(), expected);
            var arrived = ((TensorFrame.Gradient) frame).tensor();
            assertThat(arrived.data().mismatch(expected.data())).isEqualTo(-1);
            assertThat(arrived.shape()).isEqualTo(sent.shape());
            assertThat(sending.bytesSent()).isEqualTo(encoded.elements());
            assertThat(receiving.bytesReceived()).isEqualTo(encoded.elements());
            assertThat(sending.codecError()).isEqualTo(codec.error(sent, encoded.data()));
        }
        lab.assertNothingIsLeft();
    }

    @Test
    void a_frame_of_16_mebibytes_takes_less_than_a_hundredth_more_on_the_wire() throws Exception {
        int bytes = 16 << 20;
        long before = receiver.control().wire().received();
        var sending = new FrameStream(here, bytes);
        var sent = lab.scheduler().fork("send", () -> sendZeros(sending, bytes));

        try (var frame = new FrameStream(there, bytes).receive()) {
            // Encrypted and multiplexed, with what the transport adds.
            assertThat(receiver.control().wire().received() - before)
                    .isBetween((long) bytes, bytes + bytes / 100L);
            assertThat(frame).isInstanceOf(TensorFrame.Gradient.class);
        }
        sent.join();
        lab.assertNothingIsLeft();
    }

    @Tag("large")
    @Test
    void a_frame_of_more_than_two_gibibytes_arrives() throws Exception {
        long bytes = (2L << 30) + 1;
        var sending = new FrameStream(here, bytes);
        var sent = lab.scheduler().fork("send", () -> sendZeros(sending, bytes));

        try (var frame = new FrameStream(there, bytes).receive()) {
            assertThat(((TensorFrame.Gradient) frame).tensor().elements()).isEqualTo(bytes);
        }
        sent.join();
    }

    private static void sendZeros(FrameStream frames, long bytes) {
        try {
            frames.send(
                    new TensorFrame.Gradient(1, 0, Tensor.allocate(DType.U8, Shape.of(1, bytes))));
        } catch (IOException | InterruptedException failed) {
            frames.reset(); // the receiver is told
        }
    }

    @Test
    void logits_are_exact_in_any_codec() throws Exception {
        sender(TensorCodec.INT8).send(new TensorFrame.Logits(1, 0, states()));

        try (var frame = receiver(TensorCodec.EXACT).receive();
                var sent = states()) {
            assertThat(((TensorFrame.Logits) frame).tensor().data().mismatch(sent.data()))
                    .isEqualTo(-1);
        }
    }

    @Test
    void an_exact_frame_is_taken_whatever_was_agreed() throws Exception {
        sender(TensorCodec.EXACT).send(new TensorFrame.Gradient(1, 0, states()));

        try (var frame = receiver(TensorCodec.BF16).receive()) {
            assertThat(frame).isInstanceOf(TensorFrame.Gradient.class);
        }
    }

    @Test
    void a_codec_that_was_not_agreed_on_is_refused() throws Exception {
        sender(TensorCodec.INT8).send(new TensorFrame.Gradient(1, 0, states()));

        assertThatThrownBy(() -> receiver(TensorCodec.EXACT).receive())
                .isInstanceOf(ProtocolViolation.class)
                .hasMessage("coding: INT8 of F32, agreed: EXACT");
        lab.assertNothingIsLeft();
    }

    private static FrameHeader.Builder header() {
        return FrameHeader.newBuilder()
                .setKind(FrameHeader.Kind.GRADIENT)
                .setBatch(1)
                .setDtype("F32")
                .addShape(64);
    }

    private void send(FrameHeader header, int bytes) throws Exception {
        here.writeMessage(header.toByteString());
        try (var tensor = Tensor.allocate(DType.U8, Shape.of(bytes))) {
            here.write(tensor.data());
        }
    }

    @Test
    void a_size_that_a_codec_cannot_have_is_refused() throws Exception {
        send(header().setCoding(TensorCoding.BF16).setCodedBytes(1L << 40).build(), 1);

        assertThatThrownBy(() -> receiver(TensorCodec.BF16).receive())
                .hasMessage("coded bytes: 1099511627776 for BF16 of F32 [64]");
        lab.assertNothingIsLeft();
    }

    @Test
    void bytes_that_are_not_of_the_codec_are_refused() throws Exception {
        var zeros = header().setCoding(TensorCoding.LOSSLESS).setCodedBytes(100);
        send(zeros.setChecksum(crc(new byte[100])).build(), 100);

        assertThatThrownBy(() -> receiver(TensorCodec.LOSSLESS).receive())
                .isInstanceOf(ProtocolViolation.class)
                .hasMessageStartingWith("tensor: lossless:");
        lab.assertNothingIsLeft();
    }

    @Test
    void a_tensor_that_changed_on_its_way_is_refused() throws Exception {
        send(header().setChecksum(0x12345678).build(), 256);

        assertThatThrownBy(() -> receiver(TensorCodec.EXACT).receive())
                .hasMessage(
                        String.format(
                                "checksum: 12345678 announced, %08x arrived", crc(new byte[256])));
        lab.assertNothingIsLeft();
    }

    @Test
    void a_coding_of_a_newer_node_is_refused() throws Exception {
        var newer = header().setCodingValue(77).build();
        here.writeMessage(ByteString.copyFrom(newer.toByteArray()));

        assertThatThrownBy(() -> receiver(TensorCodec.EXACT).receive())
                .hasMessage("coding of no kind that this node knows");
    }

    private static int crc(byte[] bytes) {
        var crc = new java.util.zip.CRC32C();
        crc.update(bytes);
        return (int) crc.getValue();
    }
}
