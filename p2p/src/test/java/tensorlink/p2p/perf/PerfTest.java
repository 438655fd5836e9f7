package tensorlink.p2p.perf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.HexFormat;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tensorlink.p2p.Eventually;
import tensorlink.p2p.HostConfig;
import tensorlink.p2p.Libp2p;
import tensorlink.p2p.core.Host;
import tensorlink.p2p.core.PerfLimits;
import tensorlink.p2p.core.ProtocolViolation;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.core.Stream;
import tensorlink.p2p.core.StreamResetException;
import tensorlink.p2p.core.UnsupportedProtocolException;
import tensorlink.p2p.peer.KeyPair;

@Timeout(60)
class PerfTest {
    private final Host server;
    private final Host client;

    PerfTest() throws Exception {
        server = Libp2p.start(KeyPair.generate(), HostConfig.defaults());
        client = Libp2p.start(KeyPair.generate(), HostConfig.defaults());
    }

    @BeforeEach
    void know() {
        client.peers().add(server.info());
    }

    @AfterEach
    void stop() {
        client.close();
        server.close();
    }

    @Test
    void nobody_is_measured_who_does_not_offer_it() {
        assertThatThrownBy(() -> Libp2p.perf(client, server.id(), 1, 1))
                .isInstanceOf(UnsupportedProtocolException.class);
    }

    @ParameterizedTest
    @CsvSource({"0, 0", "1, 0", "0, 1", "65536, 65537", "3000000, 5000000"})
    void bytes_go_there_and_back(long up, long down) throws Exception {
        Libp2p.servePerf(server);

        var result = Libp2p.perf(client, server.id(), up, down);

        assertThat(result.uploadBytes()).isEqualTo(up);
        assertThat(result.downloadBytes()).isEqualTo(down);
        assertThat(result.upload()).isPositive();
        assertThat(result.download()).isGreaterThanOrEqualTo(Duration.ZERO);
    }

    @ParameterizedTest
    @ValueSource(strings = {"0000010000000001", "8000000000000000", "ffffffffffffffff"})
    void an_answer_over_the_limit_is_refused_before_a_byte_of_it(String size) throws Exception {
        Libp2p.servePerf(server);

        try (var stream = client.open(server.id(), Perf.PROTOCOL)) {
            stream.write(MemorySegment.ofArray(HexFormat.of().parseHex(size)));

            assertThatThrownBy(() -> stream.read(MemorySegment.ofArray(new byte[1])))
                    .isInstanceOf(StreamResetException.class)
                    .hasMessageContaining("protocol violation");
        }
    }

    @Test
    void a_host_with_limits_takes_and_gives_no_more() throws Exception {
        Libp2p.servePerf(server, new PerfLimits(1000, 10, 1));

        assertThat(Libp2p.perf(client, server.id(), 1000, 10).downloadBytes()).isEqualTo(10);
        assertThatThrownBy(() -> Libp2p.perf(client, server.id(), 0, 11))
                .isInstanceOf(StreamResetException.class)
                .hasMessageContaining("protocol violation");
        assertThatThrownBy(() -> Libp2p.perf(client, server.id(), 1001, 0))
                .isInstanceOf(StreamResetException.class)
                .hasMessageContaining("protocol violation");
    }

    @Test
    void a_host_with_limits_measures_with_so_many_at_once() throws Exception {
        Libp2p.servePerf(server, new PerfLimits(1000, 10, 1));

        try (var first = client.open(server.id(), Perf.PROTOCOL)) {
            first.write(MemorySegment.ofArray(HexFormat.of().parseHex("000000000000000a")));
            first.write(MemorySegment.ofArray(new byte[1]));
            Eventually.until("the second is reset", () -> !isServed());
            first.closeWrite();
            first.readFully(MemorySegment.ofArray(new byte[10]));
        }
        Eventually.until("there is room again", this::isServed);
    }

    private boolean isServed() {
        try {
            return Libp2p.perf(client, server.id(), 1, 1).downloadBytes() == 1;
        } catch (StreamResetException reset) {
            return false;
        } catch (IOException unexpected) {
            throw new UncheckedIOException(unexpected);
        } catch (InterruptedException interrupted) {
            throw new IllegalStateException(interrupted);
        }
    }

    @Test
    void a_host_that_serves_no_longer_is_not_measured() throws Exception {
        Libp2p.servePerf(server, PerfLimits.generous()).close();

        assertThatThrownBy(() -> Libp2p.perf(client, server.id(), 1, 1))
                .isInstanceOf(UnsupportedProtocolException.class);
    }

    @Test
    void a_client_that_says_no_size_ends_its_stream_alone() throws Exception {
        var failures = new LinkedBlockingQueue<IOException>();
        server.handle(Perf.PROTOCOL, stream -> serve(stream, failures));

        try (var stream = client.open(server.id(), Perf.PROTOCOL)) {
            stream.write(MemorySegment.ofArray(new byte[7]));
            stream.closeWrite();

            assertThat(failures.take()).isInstanceOf(EOFException.class);
        }
        assertThat(client.connections()).hasSize(1);
    }

    private static void serve(Stream stream, LinkedBlockingQueue<IOException> failures)
            throws IOException, InterruptedException {
        try {
            new Perf(Scheduler.system()).serve(stream);
        } catch (IOException failure) {
            failures.add(failure);
            throw failure;
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {99, 101})
    void an_answer_of_another_size_is_a_violation(int size) throws Exception {
        server.handle(
                Perf.PROTOCOL,
                stream -> {
                    stream.readFully(MemorySegment.ofArray(new byte[8]));
                    stream.write(MemorySegment.ofArray(new byte[size]));
                });

        assertThatThrownBy(() -> Libp2p.perf(client, server.id(), 0, 100))
                .isInstanceOf(ProtocolViolation.class)
                .hasMessageContaining("asked for 100 bytes, " + size);
    }
}
