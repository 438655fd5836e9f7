package tensorlink.testnet.bench.discovery;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tensorlink.compute.torch.TorchEngine;
import tensorlink.node.Profile;

/** An hour of real nodes that nobody wants anything of, in hurried time. */
@Timeout(180)
class IdleRunTest {
    /** At more than this a busy machine lets signs of life come too late. */
    private static final int FACTOR = 100;

    @Test
    void idle_nodes_move_no_more_than_their_profile_allows() throws Exception {
        var size = new IdleNetwork.Size(6, 2);
        var run = new IdleRun(size, FACTOR, Duration.ofMinutes(10), Duration.ofMinutes(50));

        try (var engine = TorchEngine.open()) {
            var rates = run.measure(engine, line -> {});

            var standard = Objects.requireNonNull(rates.get(Profile.STANDARD)).nodes();
            assertThat(standard.values()).hasSize(7);
            assertThat(standard.max())
                    .as("%s", rates)
                    .isPositive()
                    .isLessThanOrEqualTo(BenchIdle.STANDARD_BYTES_PER_SECOND_MAX);
            var lowpower = Objects.requireNonNull(rates.get(Profile.LOWPOWER)).nodes();
            assertThat(lowpower.values()).hasSize(2);
            assertThat(lowpower.max())
                    .as("%s", rates)
                    .isPositive()
                    .isLessThanOrEqualTo(BenchIdle.LOWPOWER_BYTES_PER_SECOND_MAX);
        }
    }
}
