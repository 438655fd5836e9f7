package tensorlink.compute.child;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * The kernels that processes load.
 *
 * @param jars of the Deep Java Library and of libtorch, instead of those on this program's class
 *     path; empty for those
 * @param properties what the library is told of them, as system properties
 */
public record Kernels(List<Path> jars, Map<String, String> properties) {
    public Kernels {
        jars = jars.stream().map(Path::toAbsolutePath).toList();
        properties = Map.copyOf(properties);
    }

    /** Those that this program brought along. */
    public static Kernels bundled() {
        return new Kernels(List.of(), Map.of());
    }
}
