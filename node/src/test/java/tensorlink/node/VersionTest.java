package tensorlink.node;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** The build's own version. */
class VersionTest {
    @Test
    void the_version_is_the_one_the_build_was_given() {
        assertThat(Version.TEXT).matches("\\d+\\.\\d+\\.\\d+.*");
    }
}
