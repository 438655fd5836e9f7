package tensorlink.node.runtime;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import tensorlink.node.hub.MavenLibrary;

/**
 * Libraries that go together and can be fetched.
 *
 * @param torch the version of libtorch
 * @param flavour what its kernels are for, as libtorch says it: {@code cpu}, or {@code cu} with
 *     CUDA's version
 * @param platform the operating system and processor that it is for
 */
record RuntimeSet(
        String name, String torch, String flavour, String platform, List<MavenLibrary> libraries) {

    /**
     * The newest set with CUDA that is on Maven Central whole: those of later versions lack natives
     * there.
     */
    static final RuntimeSet CUDA =
            new RuntimeSet(
                    "cuda",
                    "2.5.1",
                    "cu124",
                    "linux-x86_64",
                    List.of(
                            new MavenLibrary(
                                    "ai.djl",
                                    "api",
                                    "0.32.0",
                                    "",
                                    951_330,
                                    "846dd405cbb8400ffbd348c2754ea1167da2d161"),
                            new MavenLibrary(
                                    "ai.djl.pytorch",
                                    "pytorch-engine",
                                    "0.32.0",
                                    "",
                                    98_557,
                                    "58aaa93b13d7e14f2efe1576956f2a39e417e64d"),
                            new MavenLibrary(
                                    "ai.djl.pytorch",
                                    "pytorch-jni",
                                    "2.5.1-0.32.0",
                                    "",
                                    4_931_626,
                                    "5654a2b8bea7b096b561a4379b3576f707514782"),
                            new MavenLibrary(
                                    "ai.djl.pytorch",
                                    "pytorch-native-cu124",
                                    "2.5.1",
                                    "linux-x86_64",
                                    2_457_619_283L,
                                    "8f0b78003d66f4ffee5c979fdfa64d0350d0d127")));

    RuntimeSet {
        libraries = List.copyOf(libraries);
    }

    long bytes() {
        return libraries.stream().mapToLong(MavenLibrary::size).sum();
    }

    /** The files in {@code folder} that are for a class path, whether or not they are there. */
    List<Path> jars(Path folder) {
        return libraries.stream()
                .filter(library -> !isOfNatives(library))
                .map(library -> folder.resolve(library.fileName()))
                .toList();
    }

    /** The file in {@code folder} that has libtorch in it. */
    Path natives(Path folder) {
        return libraries.stream()
                .filter(RuntimeSet::isOfNatives)
                .map(library -> folder.resolve(library.fileName()))
                .findFirst()
                .orElseThrow();
    }

    private static boolean isOfNatives(MavenLibrary library) {
        return library.artifact().startsWith("pytorch-native-");
    }

    /** This machine's, as libraries with natives are named. */
    static String ownPlatform() {
        var system = System.getProperty("os.name", "").toLowerCase(Locale.ROOT);
        var processor = System.getProperty("os.arch", "");
        return (system.startsWith("mac") ? "osx" : system.startsWith("win") ? "win" : system)
                + "-"
                + (processor.equals("amd64") ? "x86_64" : processor);
    }
}
