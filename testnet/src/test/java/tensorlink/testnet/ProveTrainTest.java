package tensorlink.testnet;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The proof that trainings survive, as a person starts it: real processes, killed and frozen. */
@Timeout(240)
class ProveTrainTest {
    private static final int COUNT = 5;

    @TempDir private Path folder;

    @Test
    void trainings_of_processes_that_are_killed_and_frozen_come_out_bit_identical()
            throws Exception {
        try (var prove =
                Program.run(
                        folder,
                        "prove",
                        "train",
                        "--count",
                        Integer.toString(COUNT),
                        "--seed",
                        "0",
                        "-o",
                        "json")) {

            assertThat(prove.status()).as(prove.lines() + prove.err()).isZero();
            var result = prove.values().getLast();
            assertThat(result.path("identical").asInt()).isEqualTo(COUNT);
            assertThat(result.path("runs").size()).isEqualTo(COUNT);
            for (var run : result.path("runs")) {
                assertThat(run.path("identical").asBoolean()).as(run.toString()).isTrue();
                assertThat(run.has("recoveryMillis"))
                        .as(run.toString())
                        .isEqualTo(!run.path("trouble").asString().equals("freeze short"));
            }
        }
    }
}
