package tensorlink.compute.child;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class KernelsTest {
    private static final String OWN =
            String.join(
                    File.pathSeparator,
                    "/app/classes",
                    "/m2/api-0.35.1.jar",
                    "/m2/pytorch-engine-0.35.1.jar",
                    "/m2/pytorch-jni-2.7.1-0.35.1.jar",
                    "/m2/pytorch-native-cpu-2.7.1-linux-x86_64.jar",
                    "/m2/slf4j-api-2.0.20.jar",
                    "/m2/jna-5.17.0.jar");

    @Test
    void the_bundled_kernels_are_those_of_the_class_path() {
        assertThat(Child.classPath(OWN, Kernels.bundled())).isEqualTo(OWN);
    }

    @Test
    void other_kernels_stand_where_the_bundled_ones_were() {
        var other = List.of(Path.of("/home/api-0.32.0.jar"), Path.of("/home/native.jar"));

        assertThat(Child.classPath(OWN, new Kernels(other, Map.of())).split(File.pathSeparator, -1))
                .containsExactly(
                        "/home/api-0.32.0.jar",
                        "/home/native.jar",
                        "/app/classes",
                        "/m2/slf4j-api-2.0.20.jar",
                        "/m2/jna-5.17.0.jar");
    }
}
