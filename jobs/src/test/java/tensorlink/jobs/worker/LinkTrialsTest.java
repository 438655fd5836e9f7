package tensorlink.jobs.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tensorlink.jobs.job.JobException;
import tensorlink.jobs.lab.Lab;
import tensorlink.jobs.lab.Patience;
import tensorlink.jobs.market.Link;
import tensorlink.p2p.core.DialException;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.PeerInfo;

class LinkTrialsTest {
    @TempDir private Path folder;

    @Test
    void a_link_is_measured_once_and_again_when_it_is_old() throws Exception {
        try (var lab = new Lab(folder, Patience.enough())) {
            var trials = new LinkTrials(lab.party());
            var worker = lab.worker();
            var info = worker.party().host().info();

            var link = trials.to(info);

            assertThat(link.latency()).isBetween(0.0, 10.0);
            assertThat(link.bandwidth()).isPositive().isNotEqualTo(Link.ASSUMED.bandwidth());
            worker.worker().close();
            worker.party().host().close();
            assertThat(trials.to(info)).as("as known").isEqualTo(link);
            lab.scheduler().advance(LinkTrials.AGE_MAX);
            assertThatThrownBy(() -> trials.to(info)).isInstanceOf(IOException.class);
        }
    }

    @Test
    void of_a_peer_that_serves_no_bytes_the_latency_is_measured() throws Exception {
        try (var lab = new Lab(folder, Patience.enough())) {
            var trials = new LinkTrials(lab.party());

            var link = trials.to(lab.party().host().info());

            assertThat(link.latency()).isBetween(0.0, 10.0);
            assertThat(link.bandwidth()).isEqualTo(Link.ASSUMED.bandwidth());
        }
    }

    @Test
    void whoever_asks_gets_only_so_many_measurements() throws Exception {
        try (var lab = new Lab(folder, Patience.enough())) {
            var trials = new LinkTrials(lab.party());
            for (int trial = 0; trial < LinkTrials.TRIALS_MAX; trial++) {
                assertThatThrownBy(() -> trials.to(nobody())).isInstanceOf(DialException.class);
            }

            assertThatThrownBy(() -> trials.to(nobody()))
                    .isInstanceOf(JobException.class)
                    .hasMessageContaining("16 were within PT1M, and no more are");
            lab.scheduler().advance(LinkTrials.PERIOD);
            assertThatThrownBy(() -> trials.to(nobody())).isInstanceOf(DialException.class);
        }
    }

    private static PeerInfo nobody() {
        return new PeerInfo(KeyPair.generate().peerId(), List.of());
    }
}
