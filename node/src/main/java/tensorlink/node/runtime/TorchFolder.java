package tensorlink.node.runtime;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import tensorlink.compute.child.Kernels;

/**
 * A libtorch that somebody installed, as its makers pack it: {@code build-version}, and libraries
 * in {@code lib}.
 *
 * @param libraries the folder of its libraries
 * @param flavour {@code cpu}, or {@code cu} with CUDA's version
 */
record TorchFolder(Path libraries, String flavour) {
    /** The only version whose functions are where our natives look for them. */
    static final String VERSION = "2.7.1";

    /** Those that our natives are made for. */
    private static final List<String> FLAVOURS = List.of("cpu", "cu128");

    private static final String ABOUT = "build-version";
    private static final int ABOUT_BYTES_MAX = 100;
    private static final Pattern SAID = Pattern.compile("([0-9.]+)(?:\\+([a-z0-9]+))?");

    /**
     * Looks whether it fits.
     *
     * @throws RuntimeChoiceException when it does not, with what is missing
     */
    static TorchFolder check(Path folder) throws IOException {
        var shown = folder.toString();
        var about = folder.resolve(ABOUT);
        if (!Files.isRegularFile(about)) {
            throw new RuntimeChoiceException(
                    shown, "no libtorch, which has a file " + ABOUT + " and a folder lib");
        }
        String said;
        try (var in = Files.newInputStream(about)) {
            var bytes = in.readNBytes(ABOUT_BYTES_MAX);
            said = new String(bytes, StandardCharsets.ISO_8859_1).strip();
        }
        var parts = SAID.matcher(said);
        if (!parts.matches()) {
            throw new RuntimeChoiceException(
                    about.toString(), "no version: " + said.replaceAll("[^ -~]", "?"));
        }
        if (!VERSION.equals(parts.group(1))) {
            throw new RuntimeChoiceException(
                    shown, "libtorch " + said + ", this program fits " + VERSION + " alone");
        }
        var flavour = parts.group(2) == null ? "cpu" : parts.group(2);
        if (!FLAVOURS.contains(flavour)) {
            throw new RuntimeChoiceException(
                    shown, "libtorch for " + flavour + ", this program fits those for " + FLAVOURS);
        }
        var libraries = folder.resolve("lib");
        for (var name : names(flavour)) {
            var library = libraries.resolve(System.mapLibraryName(name));
            if (!Files.isRegularFile(library)) {
                throw new RuntimeChoiceException(shown, library + " is missing");
            }
        }
        return new TorchFolder(libraries.toAbsolutePath(), flavour);
    }

    private static List<String> names(String flavour) {
        var names = new ArrayList<>(List.of("c10", "torch", "torch_cpu"));
        if (!flavour.equals("cpu")) {
            names.addAll(List.of("c10_cuda", "torch_cuda"));
        }
        return names;
    }

    Kernels kernels() {
        return new Kernels(List.of(), properties(libraries, VERSION, flavour));
    }

    /** How the Deep Java Library is told to take libtorch from a folder. */
    static Map<String, String> properties(Path libraries, String version, String flavour) {
        return Map.of(
                "PYTORCH_LIBRARY_PATH", libraries.toString(),
                "PYTORCH_VERSION", version,
                "PYTORCH_FLAVOR", flavour);
    }
}
