package tensorlink.testnet.bench;

import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import tensorlink.compute.tensor.DType;
import tensorlink.compute.tensor.Shape;
import tensorlink.compute.tensor.Tensor;
import tensorlink.jobs.message.FrameStream;
import tensorlink.jobs.message.TensorFrame;
import tensorlink.p2p.core.Connection;
import tensorlink.p2p.core.ProtocolId;
import tensorlink.p2p.core.Purpose;
import tensorlink.p2p.core.Stream;

/**
 * A frame of 16 KiB written to memory and read back, against copying as many bytes there and back:
 * what the framing itself costs.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class FrameBench {
    private static final int BYTES = 16 << 10;

    private final Memory memory = new Memory(2 * BYTES);
    private final FrameStream frames = new FrameStream(memory, BYTES);

    /** There and back, with header and checks. */
    @Benchmark
    public long frame() throws IOException, InterruptedException {
        memory.rewind();
        frames.send(
                new TensorFrame.Gradient(
                        1, 0, Tensor.allocate(DType.F32, Shape.of(BYTES / Float.BYTES))));
        try (var received = frames.receive()) {
            return received.batch();
        }
    }

    /** There and back, nothing else; a new tensor at either end, as a frame needs. */
    @Benchmark
    public long copy() throws IOException, InterruptedException {
        memory.rewind();
        try (var sent = Tensor.allocate(DType.F32, Shape.of(BYTES / Float.BYTES));
                var received = Tensor.allocate(DType.F32, Shape.of(BYTES / Float.BYTES))) {
            memory.write(sent.data());
            memory.readFully(received.data());
            return received.data().byteSize();
        }
    }

    @Setup(Level.Trial)
    public void open() {
        memory.rewind();
    }

    @TearDown(Level.Trial)
    public void close() {
        memory.close();
    }

    /** A stream that ends where it begins. */
    private static final class Memory implements Stream {
        private final Arena arena = Arena.ofShared();
        private final MemorySegment bytes;
        private long written;
        private long read;

        Memory(long size) {
            bytes = arena.allocate(size);
        }

        void rewind() {
            written = 0;
            read = 0;
        }

        @Override
        public int read(MemorySegment target) throws EOFException {
            long count = Math.min(target.byteSize(), written - read);
            if (count == 0) {
                return -1;
            }
            MemorySegment.copy(bytes, read, target, 0, count);
            read += count;
            return (int) count;
        }

        @Override
        public void write(MemorySegment source) {
            MemorySegment.copy(source, 0, bytes, written, source.byteSize());
            written += source.byteSize();
        }

        @Override
        public ProtocolId protocol() {
            return ProtocolId.of("/memory");
        }

        @Override
        public Connection connection() {
            throw new UnsupportedOperationException("there is none");
        }

        @Override
        public void closeWrite() {}

        @Override
        public void reset() {}

        @Override
        public void timeout(Duration limit) {}

        @Override
        public void purpose(Purpose kind) {}

        @Override
        public void close() {
            arena.close();
        }
    }
}
