package tensorlink.testnet.sim.gossip;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Many routers in virtual time, well behaved and not. */
class GossipSimulationTest {
    private static final long SEED = 1;
    private static final double DELIVERY = 0.999;
    private static final Duration P99 = Duration.ofSeconds(1);
    private static final Duration MESH_CLEAN = Duration.ofSeconds(60);

    @Test
    void the_same_seed_gives_the_same_trace_and_another_seed_another() {
        var scenario = GossipScenario.quiet(100, SEED).withLoss(0.05);

        var first = GossipSimulation.run(scenario);

        assertThat(GossipSimulation.run(scenario)).isEqualTo(first);
        assertThat(GossipSimulation.run(GossipScenario.quiet(100, SEED + 1).withLoss(0.05)))
                .extracting(GossipReport::traceHash)
                .isNotEqualTo(first.traceHash());
    }

    @Test
    void a_thousand_nodes_get_every_message_once_within_a_second() {
        var report = GossipSimulation.run(GossipScenario.quiet(1000, SEED).withRate(10));

        assertThat(report.all().share()).as("%s", report).isEqualTo(1);
        assertThat(report.all().p99()).as("%s", report).isLessThan(P99);
        assertThat(report.twice()).as("%s", report).isZero();
        assertThat(report.mesh().least()).as("%s", report).isGreaterThanOrEqualTo(5);
        assertThat(report.mesh().most()).as("%s", report).isLessThanOrEqualTo(14);
        assertThat(report.copies()).as("%s", report).isBetween(1.0, 8.0);
    }

    @Test
    void what_is_lost_on_the_way_comes_by_gossip() {
        var report =
                GossipSimulation.run(GossipScenario.quiet(250, SEED).withRate(10).withLoss(0.1));

        assertThat(report.all().share()).as("%s", report).isGreaterThanOrEqualTo(DELIVERY);
        assertThat(report.all().p99()).as("%s", report).isLessThan(P99);
        assertThat(report.twice()).as("%s", report).isZero();
    }

    /** From the public evaluation; the other nine take as long, and run by {@code sim gossip}. */
    @ParameterizedTest
    @ValueSource(strings = {"eclipse-single", "cold-boot", "dawn"})
    void a_thousand_hostile_nodes_keep_no_message_from_250_honest_ones(String name) {
        var attack = Attack.named(name).orElseThrow();
        var scenario =
                GossipScenario.of(attack, 250, SEED)
                        .withSybils(1000)
                        .withRate(5)
                        .counting(Duration.ofSeconds(30), Duration.ofSeconds(100));

        var report = GossipSimulation.run(scenario);

        assertThat(report.all().share()).as("%s", report).isGreaterThanOrEqualTo(DELIVERY);
        assertThat(report.recovered().p99()).as("%s", report).isLessThanOrEqualTo(P99);
        assertThat(report.twice()).as("%s", report).isZero();
        assertThat(report.intrusion().peak()).as("%s", report).isPositive();
        assertThat(report.intrusion().firstClean())
                .as("%s", report)
                .hasValueSatisfying(after -> assertThat(after).isLessThan(MESH_CLEAN));
    }

    @Test
    void the_table_has_the_twelve_public_attacks_and_two_of_our_own() {
        assertThat(Attack.all())
                .extracting(Attack::name)
                .hasSize(14)
                .doesNotHaveDuplicates()
                .contains("eclipse-single", "colocation", "spam", "forgery");
        assertThat(Attack.named("eclipse-net").orElseThrow().begins())
                .isEqualTo(Duration.ofSeconds(60));
        assertThat(Attack.named("no such thing")).isEmpty();
    }
}
