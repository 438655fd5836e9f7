package tensorlink.p2p.ping;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.security.SecureRandom;
import java.time.Duration;
import tensorlink.p2p.core.Connection;
import tensorlink.p2p.core.ProtocolId;
import tensorlink.p2p.core.ProtocolViolation;
import tensorlink.p2p.core.Purpose;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.core.Stream;

/** Both sides of {@code /ipfs/ping/1.0.0}. */
public final class Ping {
    public static final ProtocolId PROTOCOL = ProtocolId.of("/ipfs/ping/1.0.0");

    private static final int BYTES = 32;
    private static final Duration TIMEOUT = Duration.ofSeconds(10);

    private final Scheduler scheduler;
    private final SecureRandom random = new SecureRandom();

    public Ping(Scheduler scheduler) {
        this.scheduler = scheduler;
    }

    /** Echoes until the remote ends its direction. */
    public void serve(Stream stream) throws IOException, InterruptedException {
        stream.purpose(Purpose.CONTROL);
        stream.echo();
    }

    /**
     * Measures one round trip over {@code connection}.
     *
     * @throws ProtocolViolation when something else comes back
     */
    public Duration measure(Connection connection) throws IOException, InterruptedException {
        try (var stream = connection.open(PROTOCOL)) {
            stream.timeout(TIMEOUT);
            stream.purpose(Purpose.CONTROL);
            var sent = new byte[BYTES];
            random.nextBytes(sent);
            var echo = MemorySegment.ofArray(new byte[BYTES]);
            long start = scheduler.nanoTime();
            stream.write(MemorySegment.ofArray(sent));
            stream.readFully(echo);
            long end = scheduler.nanoTime();
            if (echo.mismatch(MemorySegment.ofArray(sent)) >= 0) {
                throw new ProtocolViolation(PROTOCOL + ": other bytes came back than were sent");
            }
            return Duration.ofNanos(end - start);
        }
    }
}
