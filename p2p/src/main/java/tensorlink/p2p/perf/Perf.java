package tensorlink.p2p.perf;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import tensorlink.p2p.core.Connection;
import tensorlink.p2p.core.PerfLimits;
import tensorlink.p2p.core.ProtocolId;
import tensorlink.p2p.core.ProtocolViolation;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.core.Stream;
import tensorlink.p2p.core.Throughput;

/**
 * Both sides of {@code /perf/1.0.0}: the client sends the size of the answer as eight bytes, then
 * any number of bytes, and ends its direction; the server then sends that many and ends its own.
 */
public final class Perf {
    public static final ProtocolId PROTOCOL = ProtocolId.of("/perf/1.0.0");

    private static final int PART_BYTES = 256 << 10;

    /** What is sent, for all streams at once: only its length counts. */
    private static final MemorySegment SOURCE = MemorySegment.ofArray(new byte[PART_BYTES]);

    /** Where all streams put what comes; nobody looks at it. */
    private static final MemorySegment SINK = MemorySegment.ofArray(new byte[PART_BYTES]);

    private static final ValueLayout.OfLong SIZE =
            ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
    private static final Duration SILENCE_MAX = Duration.ofSeconds(10);

    private final Scheduler scheduler;
    private final PerfLimits limits;
    private final AtomicInteger serving = new AtomicInteger();

    /** For measuring, and for serving whatever peers ask for. */
    public Perf(Scheduler scheduler) {
        this(scheduler, PerfLimits.generous());
    }

    /** For serving within {@code limits}. */
    public Perf(Scheduler scheduler, PerfLimits limits) {
        this.scheduler = scheduler;
        this.limits = limits;
    }

    /**
     * Takes what comes, then sends what was asked for.
     *
     * @throws ProtocolViolation when that is more than is served
     */
    public void serve(Stream stream) throws IOException, InterruptedException {
        try {
            if (serving.incrementAndGet() > limits.atOnceMax()) {
                stream.reset();
                return;
            }
            answer(stream);
        } finally {
            serving.decrementAndGet();
        }
    }

    private void answer(Stream stream) throws IOException, InterruptedException {
        stream.timeout(SILENCE_MAX);
        var head = MemorySegment.ofArray(new byte[(int) SIZE.byteSize()]);
        stream.readFully(head);
        long answerBytes = head.get(SIZE, 0);
        if (answerBytes < 0 || answerBytes > limits.answerBytesMax()) {
            throw new ProtocolViolation(
                    PROTOCOL
                            + ": answer of "
                            + Long.toUnsignedString(answerBytes)
                            + " bytes, limit "
                            + limits.answerBytesMax());
        }
        drain(stream, limits.uploadBytesMax());
        send(stream, answerBytes);
    }

    /**
     * Sends {@code uploadBytes} over {@code connection} and has {@code downloadBytes} sent back.
     *
     * @throws ProtocolViolation when another number of bytes comes back
     */
    public Throughput measure(Connection connection, long uploadBytes, long downloadBytes)
            throws IOException, InterruptedException {
        var _ = new PerfLimits(uploadBytes, downloadBytes, 1); // throws what is no measurement
        try (var stream = connection.open(PROTOCOL)) {
            stream.timeout(SILENCE_MAX);
            var head = MemorySegment.ofArray(new byte[(int) SIZE.byteSize()]);
            head.set(SIZE, 0, downloadBytes);
            long start = scheduler.nanoTime();
            stream.write(head);
            send(stream, uploadBytes);
            stream.closeWrite();
            int first = stream.read(SINK);
            long middle = scheduler.nanoTime();
            long received = first < 0 ? 0 : first + drain(stream, Long.MAX_VALUE);
            long end = scheduler.nanoTime();
            if (received != downloadBytes) {
                throw new ProtocolViolation(
                        PROTOCOL
                                + ": asked for "
                                + downloadBytes
                                + " bytes, "
                                + received
                                + " bytes came");
            }
            return new Throughput(
                    uploadBytes,
                    Duration.ofNanos(middle - start),
                    downloadBytes,
                    Duration.ofNanos(end - middle));
        }
    }

    private static long drain(Stream stream, long bytesMax)
            throws IOException, InterruptedException {
        long received = 0;
        for (int count = stream.read(SINK); count >= 0; count = stream.read(SINK)) {
            received += count;
            if (received > bytesMax) {
                throw new ProtocolViolation(
                        PROTOCOL + ": more than " + bytesMax + " bytes came, the limit");
            }
        }
        return received;
    }

    private static void send(Stream stream, long bytes) throws IOException, InterruptedException {
        for (long left = bytes; left > 0; left -= PART_BYTES) {
            stream.write(SOURCE.asSlice(0, Math.min(left, PART_BYTES)));
        }
    }
}
