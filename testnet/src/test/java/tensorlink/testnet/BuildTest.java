package tensorlink.testnet;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** What the build promises of itself. */
class BuildTest {

    @Test
    void runs_on_java_25_whatever_runs_maven() {
        assertThat(Runtime.version().feature()).isGreaterThanOrEqualTo(25);
    }
}
