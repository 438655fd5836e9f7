package tensorlink.p2p.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import java.io.FileInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import tensorlink.p2p.HostConfig;
import tensorlink.p2p.Libp2p;
import tensorlink.p2p.core.DialException;
import tensorlink.p2p.core.Host;
import tensorlink.p2p.core.Limits;
import tensorlink.p2p.core.ProtocolId;
import tensorlink.p2p.core.WrongPeerException;
import tensorlink.p2p.multiaddr.AddressProtocol;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.PeerInfo;

@Timeout(60)
class WebSocketTest {
    private static final ProtocolId ECHO = ProtocolId.of("/test/echo/1.0.0");
    private static final Multiaddr PLAIN = Multiaddr.parse("/ip4/127.0.0.1/tcp/0/ws");
    private static final Multiaddr SECURE = Multiaddr.parse("/ip4/127.0.0.1/tcp/0/tls/ws");
    private static final String UPGRADE =
            """
            GET / HTTP/1.1\r
            Host: x\r
            Origin: https://somewhere.example\r
            Upgrade: websocket\r
            Connection: Upgrade\r
            Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r
            Sec-WebSocket-Version: 13\r
            """;

    private final List<Host> hosts = new ArrayList<>();
    @TempDir Path folder;

    @AfterEach
    void stop() {
        hosts.forEach(Host::close);
    }

    @ParameterizedTest
    @CsvSource({
        "/ip4/1.2.3.4/tcp/80/ws, false, 1.2.3.4",
        "/dns4/a.example/tcp/443/wss, true, a.example",
        "/dns/a.example/tcp/443/tls/ws, true, a.example",
        "/ip6/::1/tcp/443/tls/sni/b.example/ws, true, b.example"
    })
    void addresses_of_web_sockets_are_known_in_every_form(
            String text, boolean isSecure, String name) {
        var address = WebSocketAddress.parse(Multiaddr.parse(text));

        assertThat(address)
                .hasValueSatisfying(it -> {
                    assertThat(it.isSecure()).isEqualTo(isSecure);
                    assertThat(it.name()).isEqualTo(name);
                    assertThat(text).startsWith(it.tcp().toString());
                });
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/ip4/1.2.3.4/tcp/80",
                "/ip4/1.2.3.4/udp/80/ws",
                "/ip4/1.2.3.4/tcp/80/tls",
                "/ip4/1.2.3.4/tcp/80/ws/ws",
                "/dnsaddr/a.example/tcp/80/ws"
            })
    void other_addresses_are_none(String text) {
        assertThat(WebSocketAddress.parse(Multiaddr.parse(text))).isEmpty();
    }

    @ParameterizedTest
    @EnumSource(HostConfig.Security.class)
    void megabytes_come_back_unchanged_over_a_web_socket(HostConfig.Security security)
            throws Exception {
        var config = HostConfig.defaults().withListen(PLAIN).withSecurities(security);
        var server = host(config);
        var client = host(config);

        assertEchoes(client, server.info());

        assertThat(server.connections())
                .satisfiesExactly(it -> {
                    assertThat(it.remotePeer()).isEqualTo(client.id());
                    assertThat(it.remoteAddress().has(AddressProtocol.WS)).isTrue();
                });
    }

    @Test
    void another_key_at_the_address_is_told() throws Exception {
        var server = host(HostConfig.defaults().withListen(PLAIN));
        var client = host(HostConfig.defaults());
        var expected = KeyPair.generate().peerId();

        assertThatThrownBy(() -> client.connect(new PeerInfo(expected, server.addresses())))
                .isInstanceOfSatisfying(
                        DialException.class,
                        failure ->
                                assertThat(failure.attempts().getFirst().cause())
                                        .isInstanceOf(WrongPeerException.class));
    }

    @Test
    void a_secure_web_socket_shows_a_certificate_that_the_other_side_trusts() throws Exception {
        var tls = webTls("ip:127.0.0.1");
        var server = host(HostConfig.defaults().withListen(SECURE).withWebTls(tls));
        var trusting = host(HostConfig.defaults().withWebTls(tls));
        var doubting = host(HostConfig.defaults());

        assertEchoes(trusting, server.info());

        assertThat(server.addresses().getFirst().toString()).endsWith("/tls/ws");
        assertThatThrownBy(() -> doubting.connect(server.info()))
                .isInstanceOf(DialException.class)
                .hasMessageContaining("certification path");
    }

    @Test
    void a_certificate_made_out_to_another_name_is_refused() throws Exception {
        var tls = webTls("dns:elsewhere.example");
        var server = host(HostConfig.defaults().withListen(SECURE).withWebTls(tls));
        var client = host(HostConfig.defaults().withWebTls(tls));

        assertThatThrownBy(() -> client.connect(server.info()))
                .isInstanceOf(DialException.class)
                .hasMessageContaining("127.0.0.1");
    }

    @Test
    void without_a_certificate_nothing_secure_is_listened_at() {
        assertThatThrownBy(() -> host(HostConfig.defaults().withListen(SECURE)))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("without a certificate");
    }

    @Test
    void a_plain_tcp_host_at_the_address_is_told_apart() throws Exception {
        var server = host(HostConfig.defaults());
        var client = host(HostConfig.defaults());
        var asWebSocket = server.addresses().getFirst().with(Multiaddr.parse("/ws"));

        assertThatThrownBy(() -> client.connect(new PeerInfo(server.id(), List.of(asWebSocket))))
                .isInstanceOf(DialException.class);
        assertThat(client.connections()).isEmpty();
    }

    @Test
    void a_request_of_any_origin_is_upgraded() throws Exception {
        var server = host(HostConfig.defaults().withListen(PLAIN));

        assertThat(ask(server, UPGRADE + "\r\n")).startsWith("HTTP/1.1 101");
    }

    @Test
    void a_request_for_something_else_is_refused() throws Exception {
        var server = host(HostConfig.defaults().withListen(PLAIN));

        assertThat(ask(server, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")).startsWith("HTTP/1.1 400");
    }

    @Test
    void a_head_over_the_limit_ends_the_connection() throws Exception {
        var server = host(HostConfig.defaults().withListen(PLAIN));
        int left = Limits.defaults().webSocket().headBytesMax() - UPGRADE.length();

        var fits = ask(server, UPGRADE + "X-A: " + "a".repeat(left - 10) + "\r\n\r\n");
        var over = ask(server, UPGRADE + "X-A: " + "a".repeat(left + 100) + "\r\n\r\n");

        assertThat(fits).startsWith("HTTP/1.1 101");
        assertThat(over).startsWith("HTTP/1.1 400");
    }

    @ParameterizedTest
    @CsvSource({
        // text; not masked; one byte over the limit of 16 MiB; a length of 2^63
        "818100000000aa",
        "820100",
        "82ff000000000100000100000000",
        "82ff800000000000000000000000",
        // an extension; kinds unknown; control frames in parts and over the limit
        "c28100000000aa",
        "838100000000aa",
        "8b8100000000aa",
        "098000000000",
        "89fe007e00000000"
    })
    void other_frames_end_the_connection(String frame) throws Exception {
        var server = host(HostConfig.defaults().withListen(PLAIN));
        try (var socket = socket(server)) {
            send(socket, (UPGRADE + "\r\n").getBytes(StandardCharsets.US_ASCII));
            assertThat(head(socket)).startsWith("HTTP/1.1 101");

            send(socket, HexFormat.of().parseHex(frame));

            socket.setSoTimeout(20_000);
            socket.getInputStream().readAllBytes();
        }
        assertThat(server.connections()).isEmpty();
    }

    /**
     * The first message of multistream-select, in frames cut everywhere and with a ping between.
     */
    @Test
    void payload_is_passed_on_however_frames_are_cut() throws Exception {
        var hello = "132f6d756c746973747265616d2f312e302e300a";
        var server = host(HostConfig.defaults().withListen(PLAIN));
        for (int cut = 1; cut < 20; cut++) {
            try (var socket = socket(server)) {
                send(socket, (UPGRADE + "\r\n").getBytes(StandardCharsets.US_ASCII));
                assertThat(head(socket)).startsWith("HTTP/1.1 101");
                var first = hello.substring(0, 2 * cut);
                var rest = hello.substring(2 * cut);
                var frames =
                        frame("02", first) + "898000000000" + frame("00", "") + frame("80", rest);
                var bytes = HexFormat.of().parseHex(frames);
                for (int at = 0; at < bytes.length; at += cut) {
                    send(socket, Arrays.copyOfRange(bytes, at, Math.min(at + cut, bytes.length)));
                }

                var answer = HexFormat.of().formatHex(socket.getInputStream().readNBytes(24));

                assertThat(answer).as("cut at %d", cut).isEqualTo("8a00" + "8214" + hello);
            }
        }
    }

    private static String frame(String start, String payload) {
        return start + "%02x".formatted(0x80 | payload.length() / 2) + "00000000" + payload;
    }

    private static void assertEchoes(Host client, PeerInfo server) throws Exception {
        var bytes = new byte[2_000_000];
        new Random(1).nextBytes(bytes);
        client.connect(server);
        try (var stream = client.open(server.id(), ECHO)) {
            stream.writeMessage(ByteString.copyFrom(bytes));
            assertThat(stream.readMessage(bytes.length)).isEqualTo(ByteString.copyFrom(bytes));
        }
    }

    private Host host(HostConfig config) throws Exception {
        var host = Libp2p.start(KeyPair.generate(), config);
        hosts.add(host);
        host.handle(ECHO, stream -> stream.writeMessage(stream.readMessage(3_000_000)));
        return host;
    }

    private static Socket socket(Host server) throws IOException {
        var port = server.addresses().getFirst().value(AddressProtocol.TCP).orElseThrow();
        return new Socket(InetAddress.getLoopbackAddress(), Integer.parseInt(port));
    }

    private static void send(Socket socket, byte[] bytes) throws IOException {
        socket.getOutputStream().write(bytes);
        socket.getOutputStream().flush();
    }

    private static String ask(Host server, String request) throws IOException {
        try (var socket = socket(server)) {
            send(socket, request.getBytes(StandardCharsets.US_ASCII));
            return head(socket);
        }
    }

    /** What comes until the first empty line or the end. */
    private static String head(Socket socket) throws IOException {
        socket.setSoTimeout(20_000);
        var head = new StringBuilder();
        int next;
        while (head.indexOf("\r\n\r\n") < 0 && (next = socket.getInputStream().read()) >= 0) {
            head.append((char) next);
        }
        return head.toString();
    }

    /** Shows a new certificate made out to {@code name}, and trusts just that. */
    private SSLContext webTls(String name) throws Exception {
        var file = folder.resolve("web.p12");
        var secret = "changeit".toCharArray();
        var keytool =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "keytool")
                                        .toString(),
                                "-genkeypair",
                                "-alias",
                                "web",
                                "-keyalg",
                                "EC",
                                "-dname",
                                "CN=test",
                                "-ext",
                                "san=" + name,
                                "-storetype",
                                "PKCS12",
                                "-storepass",
                                "changeit",
                                "-keystore",
                                file.toString())
                        .redirectErrorStream(true)
                        .redirectOutput(folder.resolve("keytool.log").toFile())
                        .start();
        assertThat(keytool.waitFor()).isZero();
        var store = KeyStore.getInstance("PKCS12");
        try (var in = new FileInputStream(file.toFile())) {
            store.load(in, secret);
        }
        var trusted = KeyStore.getInstance("PKCS12");
        trusted.load(null, null);
        trusted.setCertificateEntry("web", store.getCertificate("web"));
        var keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(store, secret);
        var trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(trusted);
        var context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
        return context;
    }
}
