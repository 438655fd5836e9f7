package tensorlink.ledger.evm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tensorlink.ledger.TestClock;

/** Endpoints over TLS: whose certificate is believed. */
class SecureSocketTest {
    private static final char[] PASSWORD = "certificates".toCharArray();

    @TempDir private static Path folder;
    private static KeyStore made;

    private final SSLContext before = defaultContext();

    /** An authority, and what it says of an endpoint here and of one elsewhere. */
    @BeforeAll
    static void makeCertificates() throws Exception {
        var file = folder.resolve("made.p12");
        make(file, "authority", "-ext", "bc:c");
        make(file, "here", "-signer", "authority", "-ext", "san=ip:127.0.0.1");
        make(file, "elsewhere", "-signer", "authority", "-ext", "san=dns:rpc.example.org");
        made = KeyStore.getInstance(file.toFile(), PASSWORD);
    }

    private static void make(Path file, String name, String... more) throws Exception {
        var keytool = Path.of(System.getProperty("java.home"), "bin", "keytool").toString();
        var command = new ArrayList<>(List.of(keytool, "-genkeypair", "-alias", name));
        command.addAll(List.of("-keyalg", "EC", "-groupname", "secp256r1", "-validity", "2"));
        command.addAll(List.of("-dname", "CN=" + name, "-keystore", file.toString()));
        command.addAll(List.of("-storepass", new String(PASSWORD)));
        command.addAll(List.of(more));
        var process = new ProcessBuilder(command).redirectErrorStream(true).start();
        process.getOutputStream().close();
        try (InputStream printed = process.getInputStream()) {
            var text = new String(printed.readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
            assertThat(process.waitFor()).as(text).isZero();
        }
        assertThat(Files.size(file)).isPositive();
    }

    @AfterEach
    void trustAsBefore() {
        SSLContext.setDefault(before);
    }

    private static SSLContext defaultContext() {
        try {
            return SSLContext.getDefault();
        } catch (java.security.NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    /** Has this process trust the authority, as a trust store of its own does. */
    private static void trustAuthority() throws Exception {
        var trusted = KeyStore.getInstance("PKCS12");
        trusted.load(null, null);
        trusted.setCertificateEntry("authority", made.getCertificate("authority"));
        var managers = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        managers.init(trusted);
        var context = SSLContext.getInstance("TLS");
        context.init(null, managers.getTrustManagers(), null);
        SSLContext.setDefault(context);
    }

    private static ScriptedSocket endpoint(String certificate) throws Exception {
        var own = KeyStore.getInstance("PKCS12");
        own.load(null, null);
        own.setKeyEntry(
                certificate,
                made.getKey(certificate, PASSWORD),
                PASSWORD,
                made.getCertificateChain(certificate));
        var managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        managers.init(own, PASSWORD);
        var context = SSLContext.getInstance("TLS");
        context.init(managers.getKeyManagers(), null, null);
        return new ScriptedSocket("wss", context.getServerSocketFactory());
    }

    private static WebSocketRpc open(ScriptedSocket endpoint) {
        return new WebSocketRpc(
                endpoint.uri(), RpcLimits.defaults(), new TestClock(), new Heads()::tell);
    }

    @Test
    void an_endpoint_with_a_certificate_of_a_trusted_authority_is_asked_over_wss()
            throws Exception {
        trustAuthority();
        try (var endpoint = endpoint("here");
                var rpc = open(endpoint)) {
            assertThat(endpoint.uri().getScheme()).isEqualTo("wss");
            assertThat(rpc.call("eth_chainId").asString()).isEqualTo("0x1");
            assertThat(endpoint.handshakes()).isEqualTo(1);
        }
    }

    @Test
    void a_certificate_of_an_authority_that_is_not_trusted_is_refused() throws Exception {
        try (var endpoint = endpoint("here");
                var rpc = open(endpoint)) {
            assertThatThrownBy(() -> rpc.call("eth_chainId"))
                    .isInstanceOf(RpcTransportException.class)
                    .hasMessageStartingWith("wss://127.0.0.1:")
                    .hasMessageContaining("connect: its certificate is refused: ")
                    .hasMessageContaining("unable to find valid certification path");
            assertThat(endpoint.handshakes()).as("nothing is asked of it").isZero();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"wss", "https"})
    void a_certificate_for_another_name_is_refused(String scheme) throws Exception {
        trustAuthority();
        try (var endpoint = endpoint("elsewhere")) {
            var uri = java.net.URI.create(scheme + endpoint.uri().toString().substring(3));
            try (var rpc = RpcEndpoint.open(uri, RpcLimits.defaults(), () -> {})) {
                assertThatThrownBy(() -> rpc.call("eth_chainId"))
                        .isInstanceOf(RpcTransportException.class)
                        .hasMessageContaining("its certificate is refused: ")
                        .hasMessageContaining("No subject alternative names matching IP address");
            }
            assertThat(endpoint.handshakes()).as("nothing is asked of it").isZero();
        }
    }
}
