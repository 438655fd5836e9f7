package tensorlink.compute.child;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tensorlink.compute.Frozen;
import tensorlink.compute.LayerRange;
import tensorlink.compute.StageOptions;
import tensorlink.compute.TrainingOptions;
import tensorlink.compute.optim.Adafactor;
import tensorlink.compute.optim.Adagrad;
import tensorlink.compute.optim.Adam;
import tensorlink.compute.optim.AdamW;
import tensorlink.compute.optim.Optimizer;
import tensorlink.compute.optim.RmsProp;
import tensorlink.compute.optim.Sgd;
import tensorlink.compute.optim.Update;
import tensorlink.compute.schedule.Schedule;
import tensorlink.compute.tensor.DType;
import tensorlink.compute.tensor.Shape;
import tensorlink.compute.tensor.Tensor;
import tensorlink.compute.tensor.TensorSpec;

@Timeout(30)
class WireTest {
    @TempDir private Path folder;
    private SocketChannel raw;
    private Wire near;
    private Wire far;

    @BeforeEach
    void connect() throws IOException {
        var address = UnixDomainSocketAddress.of(folder.resolve("s"));
        try (var server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            server.bind(address);
            raw = SocketChannel.open(address);
            near = new Wire(raw);
            far = new Wire(server.accept());
        }
    }

    @AfterEach
    void close() throws IOException {
        near.close();
        far.close();
    }

    @Test
    void every_optimizer_and_option_arrives_as_it_was() throws Exception {
        List<Optimizer> optimizers =
                List.of(
                        Sgd.lr(0.1),
                        Adam.lr(0.2),
                        AdamW.lr(0.3).withAmsgrad(),
                        Adagrad.lr(0.4),
                        RmsProp.lr(0.5),
                        Adafactor.lr(0.6));
        for (var optimizer : optimizers) {
            var how =
                    TrainingOptions.with(optimizer)
                            .withFrozen(new Frozen(List.of("model.*", "ä")))
                            .withSchedule(Schedule.GPIPE);
            var weights = List.of(new TensorSpec("w", DType.BF16, Shape.of(2, 0, 3)));
            var open =
                    new Call.Open(
                            "{}",
                            new LayerRange(1, 3),
                            new Call.State(4, weights),
                            StageOptions.forTraining(how, 2).withMemory(1L << 40));
            var apply = new Call.Apply(1L << 50, new Update(optimizer, 0.25f));

            near.send(Call.class, open);
            near.send(Call.class, apply);

            assertThat(far.receive(Call.class)).isEqualTo(open);
            assertThat(far.receive(Call.class)).isEqualTo(apply);
        }
    }

    @Test
    void tensors_of_any_size_arrive_with_their_bits() throws Exception {
        var random = new SplittableRandom(1);
        for (int size : new int[] {0, 1, 4096, 16_381, 1_000_003}) {
            try (var tensor = Tensor.allocate(DType.F32, Shape.of(size))) {
                for (int i = 0; i < size; i++) {
                    tensor.setFloat(i, Float.intBitsToFloat(random.nextInt()));
                }
                var sending = Thread.ofPlatform().start(() -> sendTwice(tensor));

                for (int i = 0; i < 2; i++) {
                    var got = (Call.ForwardLoss) far.receive(Call.class);
                    try (var input = got.input();
                            var labels = got.labels()) {
                        assertThat(input.data().mismatch(tensor.data())).isEqualTo(-1);
                        assertThat(labels.data().mismatch(tensor.data())).isEqualTo(-1);
                    }
                }
                sending.join();
            }
        }
    }

    private void sendTwice(Tensor tensor) {
        try {
            for (int i = 0; i < 2; i++) {
                near.send(Call.class, new Call.ForwardLoss(i, tensor, tensor, 1));
            }
        } catch (IOException broken) {
            throw new IllegalStateException(broken);
        }
    }

    @Test
    void tensors_are_refused_one_byte_past_the_limit() throws Exception {
        far.limitTensors(1000);
        try (var most = Tensor.allocate(DType.U8, Shape.of(1000));
                var more = Tensor.allocate(DType.U8, Shape.of(1001))) {
            near.send(Call.class, new Call.Piece(most));
            near.send(Call.class, new Call.Piece(more));

            ((Call.Piece) far.receive(Call.class)).bytes().close();
            assertThatThrownBy(() -> far.receive(Call.class))
                    .isInstanceOf(IOException.class)
                    .hasMessage("a tensor of U8 [1001], limit 1000 bytes");
        }
    }

    @Test
    void nothing_is_allocated_for_bytes_that_are_not_there() throws Exception {
        raw.write(ByteBuffer.allocate(4).putInt(0, Wire.HEADER_BYTES_MAX + 1));
        assertThatThrownBy(() -> far.receive(Call.class))
                .hasMessage("a message of 16777217 bytes, limit 16777216");
        var text = Records.encode(Call.class, new Call.Parameter("name"), new ArrayList<>());
        text[1] = 0x7f; // the length of the name

        assertThatThrownBy(() -> Records.decode(Call.class, text, new ArrayList<>(), 0))
                .isInstanceOf(IOException.class)
                .hasMessageEndingWith("items in 4 bytes");
        var kind = new byte[] {(byte) 255};
        assertThatThrownBy(() -> Records.decode(Call.class, kind, new ArrayList<>(), 0))
                .hasMessageStartingWith("kind 255 of ");
    }

    @Test
    void values_that_a_record_refuses_are_malformed() {
        var bytes = Records.encode(LayerRange.class, new LayerRange(1, 2), new ArrayList<>());
        bytes[3] = 9; // first

        assertThatThrownBy(() -> Records.decode(LayerRange.class, bytes, new ArrayList<>(), 0))
                .isInstanceOf(IOException.class)
                .hasMessage("malformed LayerRange");
    }
}
