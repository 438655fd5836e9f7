package tensorlink.jobs.user;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tensorlink.jobs.job.Grid;
import tensorlink.jobs.job.Purpose;
import tensorlink.jobs.lab.Lab;
import tensorlink.jobs.lab.Patience;
import tensorlink.p2p.Eventually;
import tensorlink.p2p.peer.KeyPair;

@Timeout(60)
class RoundTripsTest {
    @TempDir private Path folder;

    @Test
    void what_was_measured_by_now_counts_and_who_does_not_answer_counts_as_nothing()
            throws Exception {
        try (var lab = new Lab(folder, Patience.enough())) {
            var user = lab.party();
            var worker = lab.worker().party().host().info();
            user.host().peers().add(worker);
            var nobody = KeyPair.generate().peerId();

            var trips = RoundTrips.begin(user, new Grid(1, 2), List.of(worker.id(), nobody));
            Eventually.until(
                    () -> "the pings end: " + lab.scheduler().alive(),
                    () -> lab.scheduler().alive().stream().noneMatch(it -> it.contains("ping-")));

            var training = trips.ofStep(Purpose.TRAINING);
            assertThat(training).isPositive();
            assertThat(trips.ofStep(Purpose.INFERENCE))
                    .as("only the way to the first stage, half of a round trip")
                    .isBetween(
                            training.dividedBy(2).minus(Duration.ofNanos(1)),
                            training.dividedBy(2).plus(Duration.ofNanos(1)));
        }
    }
}
