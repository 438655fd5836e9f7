package tensorlink.testnet.bench.bare;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.UUID;

/** A certificate on P-256 for this process alone, as libp2p's are; the JDK's keytool makes it. */
record SelfSigned(PrivateKey key, X509Certificate certificate) {
    private static final String ALIAS = "bench";

    static SelfSigned make() throws IOException, InterruptedException {
        var folder = Files.createTempDirectory("tensorlink-bench");
        var file = folder.resolve("key.p12");
        var password = UUID.randomUUID().toString();
        try {
            var tool =
                    new ProcessBuilder(
                                    Path.of(System.getProperty("java.home"), "bin", "keytool")
                                            .toString(),
                                    "-genkeypair",
                                    "-alias",
                                    ALIAS,
                                    "-keyalg",
                                    "EC",
                                    "-groupname",
                                    "secp256r1",
                                    "-dname",
                                    "CN=" + ALIAS,
                                    "-keystore",
                                    file.toString(),
                                    "-storepass:env",
                                    "BENCH_PASSWORD")
                            .redirectErrorStream(true);
            tool.environment().put("BENCH_PASSWORD", password);
            var process = tool.start();
            String said;
            try (var output = process.inputReader(StandardCharsets.UTF_8)) {
                said = output.readAllAsString();
            }
            if (process.waitFor() != 0) {
                throw new IOException("keytool made no certificate: " + said.strip());
            }
            var store = KeyStore.getInstance(file.toFile(), password.toCharArray());
            return new SelfSigned(
                    (PrivateKey) store.getKey(ALIAS, password.toCharArray()),
                    (X509Certificate) store.getCertificate(ALIAS));
        } catch (GeneralSecurityException wrong) {
            throw new IOException("keytool's certificate cannot be read", wrong);
        } finally {
            Files.deleteIfExists(file);
            Files.delete(folder);
        }
    }
}
