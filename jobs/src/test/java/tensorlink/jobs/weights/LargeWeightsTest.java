package tensorlink.jobs.weights;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tensorlink.compute.Digest;
import tensorlink.compute.tensor.DType;
import tensorlink.compute.tensor.Shape;
import tensorlink.compute.tensor.TensorSpec;
import tensorlink.jobs.job.JobId;
import tensorlink.jobs.lab.Lab;
import tensorlink.jobs.lab.Patience;
import tensorlink.jobs.message.Manifest;
import tensorlink.jobs.message.WeightsQuestion;
import tensorlink.ledger.Bytes32;
import tensorlink.p2p.peer.PeerId;

/** A tensor of more than 2 GiB goes over a stream in memory that does not grow with it. */
@Tag("large")
@Timeout(600)
class LargeWeightsTest {
    private static final long BYTES = (2L << 30) + (5 << 20) + 8;
    private static final long PIECE_BYTES = 4 << 20;
    private static final long GROWTH_MAX = 256 << 20;
    private static final JobId JOB = new JobId(Bytes32.keccak("job"));
    private static final TensorSpec TENSOR =
            new TensorSpec("embedding", DType.I64, Shape.of(BYTES / Long.BYTES));

    @TempDir private Path folder;

    @Test
    void a_tensor_of_more_than_two_gibibytes_arrives_in_bounded_memory() throws Exception {
        var manifest = new Manifest(List.of(new Manifest.Entry(TENSOR, digest())));
        try (var lab = new Lab(folder, Patience.enough());
                var arena = Arena.ofConfined()) {
            var user = lab.party();
            var worker = lab.party();
            var server = new WeightsServer();
            user.host().handle(user.protocols().weights(), server);
            server.offer(JOB, new Counted());
            worker.host().peers().add(user.host().info());
            var piece = arena.allocate(PIECE_BYTES);
            var arrived = new AtomicLong();
            long before = resident();
            long most = before;
            try (var weights =
                    new RemoteWeights(
                            WeightsClient.open(
                                    worker.host(),
                                    worker.protocols(),
                                    user.id(),
                                    JOB,
                                    Duration.ofSeconds(60)),
                            manifest,
                            CheckedWeights.none(),
                            arrived::set)) {
                for (long at = 0; at < BYTES; at += PIECE_BYTES) {
                    // The last read of a tensor whose bytes are not the manifest's fails.
                    weights.read(
                            TENSOR.name(), at, piece.asSlice(0, Math.min(PIECE_BYTES, BYTES - at)));
                    most = Math.max(most, resident());
                }
            }
            assertThat(arrived).hasValue(BYTES);
            assertThat(most - before).as("bytes of memory more").isLessThan(GROWTH_MAX);
        }
    }

    /** Every eight bytes are where they lie. */
    private static final class Counted implements WeightsServer.Source {
        @Override
        public boolean admits(PeerId peer, String tensor) {
            return true;
        }

        @Override
        public Optional<WeightsServer.Content> open(WeightsQuestion.What what, String tensor) {
            return Optional.of(
                    new WeightsServer.Content() {
                        @Override
                        public long byteSize() {
                            return BYTES;
                        }

                        @Override
                        public void read(long offset, MemorySegment target) {
                            fill(offset, target);
                        }
                    });
        }
    }

    private static void fill(long offset, MemorySegment target) {
        for (long at = 0; at < target.byteSize(); at += Long.BYTES) {
            target.set(ValueLayout.JAVA_LONG_UNALIGNED, at, offset + at);
        }
    }

    private static Digest digest() {
        var hash = Digest.sha256();
        try (var arena = Arena.ofConfined()) {
            var piece = arena.allocate(PIECE_BYTES);
            for (long at = 0; at < BYTES; at += PIECE_BYTES) {
                var part = piece.asSlice(0, Math.min(PIECE_BYTES, BYTES - at));
                fill(at, part);
                Digest.hash(hash, part);
            }
        }
        return Digest.ofHash(hash.digest());
    }

    /** Bytes of this process in memory, as Linux counts them. */
    private static long resident() throws IOException {
        for (var line : Files.readAllLines(Path.of("/proc/self/status"))) {
            if (line.startsWith("VmRSS:")) {
                return Long.parseLong(line.replaceAll("\\D", "")) << 10;
            }
        }
        throw new IOException("no VmRSS");
    }
}
