package tensorlink.testnet.sim.gossip;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import tensorlink.testnet.sim.gossip.GossipScenario.Attack;

/** Many routers in virtual time, well behaved and not. */
class GossipSimulationTest {
    private static final Duration MAX_P99 = Duration.ofSeconds(1);

    @Test
    void the_same_seed_gives_the_same_trace_and_another_seed_another() {
        var scenario = GossipScenario.of(100, 1).withLoss(0.05);

        var first = GossipSimulation.run(scenario);

        assertThat(GossipSimulation.run(scenario)).isEqualTo(first);
        assertThat(GossipSimulation.run(GossipScenario.of(100, 2).withLoss(0.05)).traceHash())
                .isNotEqualTo(first.traceHash());
    }

    @Test
    void a_thousand_nodes_get_every_message_once_within_a_second() {
        var report = GossipSimulation.run(GossipScenario.of(1000, 1));

        assertThat(report.delivery()).as("%s", report).isEqualTo(1);
        assertThat(report.p99()).as("%s", report).isLessThan(MAX_P99);
        assertThat(report.twice()).as("%s", report).isZero();
        assertThat(report.meshMin()).as("%s", report).isGreaterThanOrEqualTo(5);
        assertThat(report.meshMax()).as("%s", report).isLessThanOrEqualTo(14);
        assertThat(report.copies()).as("%s", report).isBetween(1.0, 8.0);
    }

    @Test
    void what_is_lost_on_the_way_comes_by_gossip() {
        var report = GossipSimulation.run(GossipScenario.of(250, 1).withLoss(0.1));

        assertThat(report.delivery()).as("%s", report).isGreaterThanOrEqualTo(0.999);
        assertThat(report.p99()).as("%s", report).isLessThan(MAX_P99);
        assertThat(report.twice()).as("%s", report).isZero();
    }

    /**
     * Silent nodes that a full mesh refused come back one wave after the other, so at this number
     * the mesh is not clean within a minute; messages arrive all the same.
     */
    @Test
    void four_silent_nodes_to_one_honest_keep_no_message_away() {
        var scenario =
                GossipScenario.of(250, 1)
                        .withTimes(Duration.ofSeconds(10), Duration.ofSeconds(60))
                        .withAttack(Attack.SILENCE, 1000, 10, 4);

        var report = GossipSimulation.run(scenario);

        assertThat(report.delivery()).as("%s", report).isGreaterThanOrEqualTo(0.999);
        assertThat(report.p99()).as("%s", report).isLessThan(MAX_P99);
        assertThat(report.twice()).as("%s", report).isZero();
    }
}
