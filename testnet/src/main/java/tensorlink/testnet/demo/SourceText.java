package tensorlink.testnet.demo;

import java.io.IOException;
import java.net.JarURLConnection;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.jar.JarEntry;

/**
 * Real text to learn from: the Java sources of a library this program is built with.
 *
 * @param name of the library
 * @param licence of the library
 * @param file the jar the text was read from
 * @param text all its {@code .java} files, in the order of their names
 */
record SourceText(String name, String licence, Path file, String text) {
    private static final String LANDMARK = "picocli/CommandLine.java";

    /** Reads the sources jar that is on the class path. */
    static SourceText read() throws IOException {
        var found = SourceText.class.getClassLoader().getResource(LANDMARK);
        if (found == null || !(found.openConnection() instanceof JarURLConnection connection)) {
            throw new IOException("the sources jar of picocli is not on the class path");
        }
        connection.setUseCaches(false);
        try (var jar = connection.getJarFile()) {
            var entries = new ArrayList<JarEntry>();
            jar.stream().filter(entry -> entry.getName().endsWith(".java")).forEach(entries::add);
            entries.sort((a, b) -> a.getName().compareTo(b.getName()));
            var text = new StringBuilder();
            for (var entry : entries) {
                try (var in = jar.getInputStream(entry)) {
                    text.append(new String(in.readAllBytes(), StandardCharsets.UTF_8));
                }
            }
            return new SourceText("picocli", "Apache-2.0", Path.of(jar.getName()), text.toString());
        }
    }
}
