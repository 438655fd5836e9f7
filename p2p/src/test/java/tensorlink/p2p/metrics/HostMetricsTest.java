package tensorlink.p2p.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tensorlink.p2p.Eventually;
import tensorlink.p2p.HostConfig;
import tensorlink.p2p.Libp2p;
import tensorlink.p2p.core.DialException;
import tensorlink.p2p.core.Host;
import tensorlink.p2p.core.ProtocolId;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.multiaddr.Subnet;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.PeerInfo;

@Timeout(60)
class HostMetricsTest {
    private static final ProtocolId ECHO = ProtocolId.of("/test/echo/1.0.0");

    @Test
    void meters_follow_what_a_host_does() throws Exception {
        var registry = new SimpleMeterRegistry();
        try (var server = host();
                var client = host();
                var _ = HostMetrics.bind(client, registry)) {
            server.handle(ECHO, stream -> stream.writeMessage(stream.readMessage(1000)));
            client.connect(server.info());
            try (var stream = client.open(server.id(), ECHO)) {
                stream.writeMessage(ByteString.copyFrom(new byte[99]));
                stream.readMessage(1000);
                assertThat(open(registry)).isOne();
            }

            Eventually.until("the stream is over", () -> open(registry) == 0);
            assertThat(
                            registry.get("libp2p.connections")
                                    .tags("direction", "outbound", "transport", "tcp")
                                    .tag("security", "/noise")
                                    .gauge()
                                    .value())
                    .isOne();
            assertThat(bytes(registry, "sent")).isEqualTo(100);
            assertThat(bytes(registry, "received")).isEqualTo(100);
            assertThat(dials(registry, "connected")).isOne();
            assertThat(
                            registry.get("libp2p.resources")
                                    .tags("scope", "system", "resource", "outbound_connections")
                                    .gauge()
                                    .value())
                    .isOne();
        }
        assertThat(registry.getMeters()).isEmpty();
    }

    @Test
    void what_fails_and_what_is_refused_is_counted_by_reason() throws Exception {
        var registry = new SimpleMeterRegistry();
        try (var server = host();
                var client = host();
                var _ = HostMetrics.bind(client, registry)) {
            var id = KeyPair.generate().peerId();
            var closed = Multiaddr.parse("/ip4/127.0.0.1/tcp/1");
            assertThatThrownBy(() -> client.connect(new PeerInfo(id, List.of(closed))))
                    .isInstanceOf(DialException.class);
            assertThatThrownBy(() -> client.connect(new PeerInfo(id, server.addresses())))
                    .isInstanceOf(DialException.class);
            client.control().gater().deny(Subnet.parse("127.0.0.1"));
            assertThatThrownBy(() -> client.connect(server.info()))
                    .isInstanceOf(DialException.class);
            assertThatThrownBy(() -> server.connect(client.info()))
                    .isInstanceOf(DialException.class);

            assertThat(dials(registry, "refused")).isOne();
            assertThat(dials(registry, "wrong_peer")).isOne();
            assertThat(dials(registry, "denied")).isOne();
            assertThat(
                            registry.get("libp2p.refused")
                                    .tags("what", "connection", "why", "denied")
                                    .counter()
                                    .count())
                    .isOne();
        }
    }

    @Test
    void a_host_works_where_there_is_no_micrometer() throws Exception {
        var loader = new WithoutMicrometer();
        var visit = loader.loadClass(Visit.class.getName()).getDeclaredConstructor().newInstance();

        assertThat(((Callable<?>) visit).call()).isEqualTo("hello");

        assertThatThrownBy(() -> loader.loadClass("io.micrometer.core.instrument.Meter"))
                .isInstanceOf(ClassNotFoundException.class);
        assertThat(visit.getClass()).isNotEqualTo(Visit.class);
    }

    private static double open(SimpleMeterRegistry registry) {
        return registry.get("libp2p.streams")
                .tags("protocol", ECHO.name(), "direction", "outbound")
                .gauge()
                .value();
    }

    private static double bytes(SimpleMeterRegistry registry, String way) {
        return registry.get("libp2p.bytes")
                .tags("protocol", ECHO.name(), "way", way)
                .functionCounter()
                .count();
    }

    private static long dials(SimpleMeterRegistry registry, String result) {
        return registry.get("libp2p.dials")
                .tags("transport", "tcp", "result", result)
                .timer()
                .count();
    }

    private static Host host() throws IOException, InterruptedException {
        return Libp2p.start(KeyPair.generate(), HostConfig.defaults().withEventLoops(1));
    }

    /** What a program without Micrometer does with two hosts; uses nothing of this test. */
    public static final class Visit implements Callable<String> {
        public Visit() {}

        private static Host start() throws IOException, InterruptedException {
            return Libp2p.start(KeyPair.generate(), HostConfig.defaults().withEventLoops(1));
        }

        @Override
        public String call() throws IOException, InterruptedException {
            var echo = ProtocolId.of("/test/echo/1.0.0");
            try (var server = start();
                    var client = start()) {
                server.handle(echo, stream -> stream.writeMessage(stream.readMessage(1000)));
                client.connect(server.info());
                try (var stream = client.open(server.id(), echo)) {
                    stream.writeMessage(ByteString.copyFromUtf8("hello"));
                    return stream.readMessage(1000).toStringUtf8();
                }
            }
        }
    }

    /** Loads this module anew, in a world that has all else it needs. */
    private static final class WithoutMicrometer extends ClassLoader {
        WithoutMicrometer() {
            super(HostMetricsTest.class.getClassLoader());
        }

        @Override
        protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
            if (name.startsWith("io.micrometer.")) {
                throw new ClassNotFoundException(name);
            }
            if (!name.startsWith("tensorlink.")) {
                return super.loadClass(name, resolve);
            }
            var loaded = findLoadedClass(name);
            return loaded != null ? loaded : define(name);
        }

        private Class<?> define(String name) throws ClassNotFoundException {
            var file = name.replace('.', '/') + ".class";
            try (var bytes = getParent().getResourceAsStream(file)) {
                if (bytes == null) {
                    throw new ClassNotFoundException(name);
                }
                var code = bytes.readAllBytes();
                return defineClass(name, code, 0, code.length);
            } catch (IOException unreadable) {
                throw new ClassNotFoundException(name, unreadable);
            }
        }
    }
}
