package tensorlink.node;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Properties;

/** Which build this is. */
public final class Version {
    /** The version of this build, such as {@code 0.1.0}. */
    public static final String TEXT = read();

    private Version() {}

    private static String read() {
        var properties = new Properties();
        try (var file = Version.class.getResourceAsStream("version.properties")) {
            if (file == null) {
                throw new IllegalStateException("version.properties is missing from this build");
            }
            properties.load(file);
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
        return properties.getProperty("version", "unknown");
    }
}
