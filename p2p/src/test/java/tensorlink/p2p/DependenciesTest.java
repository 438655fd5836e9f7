package tensorlink.p2p;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeSet;
import java.util.spi.ToolProvider;
import org.junit.jupiter.api.Test;

/** What jdeps finds that this module needs beside the JDK. */
class DependenciesTest {
    private static final List<String> LIBRARIES =
            List.of(
                    "io.netty.",
                    "com.google.protobuf",
                    "org.bouncycastle.",
                    "org.slf4j",
                    "org.jspecify.annotations",
                    "io.micrometer.");

    @Test
    void nothing_is_needed_but_netty_protobuf_bouncy_castle_and_slf4j() throws Exception {
        var used = new TreeSet<String>();
        for (var line : jdeps()) {
            used.add(line[1]);
        }

        assertThat(used)
                .contains("io.netty.channel", "com.google.protobuf", "org.slf4j")
                .allMatch(name -> LIBRARIES.stream().anyMatch(name::startsWith));
    }

    @Test
    void micrometer_is_needed_by_the_meters_alone() throws Exception {
        var users = new TreeSet<String>();
        for (var line : jdeps()) {
            if (line[1].startsWith("io.micrometer.")) {
                users.add(line[0]);
            }
        }

        assertThat(users).containsExactly("tensorlink.p2p.metrics");
    }

    /** Pairs of a package of ours and one that is neither ours nor the JDK's. */
    private static List<String[]> jdeps() throws URISyntaxException {
        var classes =
                Path.of(
                        HostConfig.class
                                .getProtectionDomain()
                                .getCodeSource()
                                .getLocation()
                                .toURI());
        var output = new StringWriter();
        var jdeps = ToolProvider.findFirst("jdeps").orElseThrow();
        var writer = new PrintWriter(output);
        int status = jdeps.run(writer, writer, "-verbose:package", classes.toString());
        assertThat(status).as(output.toString()).isZero();
        return output.toString()
                .lines()
                .filter(line -> line.startsWith(" ") && line.endsWith("not found"))
                .map(line -> line.replace("->", " ").strip().split("\\s+"))
                .toList();
    }
}
