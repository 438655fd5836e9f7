package tensorlink.testnet.bench.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;
import tensorlink.testnet.bench.figures.Figures;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class NetReportTest {
    private static final JsonMapper JSON = new JsonMapper();

    private final Figures figures = new Figures();

    @Test
    void every_ratio_of_throughput_has_the_right_sides() {
        speeds("tcp", 5_000);
        speeds("netty-quic", 200);
        speeds("noise", 1_000);
        speeds("tls", 1_500);
        speeds("quic", 190);
        speeds("js-noise", 250);
        speeds("js-quic", 50);
        figures.add("noise.megabytesPerCpuSecond", 640);

        assertGoal("noise+yamux of raw TCP", 0.20, true);
        assertGoal("noise+yamux of js", 4.0, true);
        assertGoal("noise+yamux, MB per CPU-s", 640, true);
        assertGoal("tls+yamux of raw TCP", 0.30, false);
        assertGoal("quic of bare Netty QUIC", 0.95, true);
        assertGoal("quic of js", 3.8, true);
    }

    @Test
    void every_other_goal_has_the_right_sides() {
        figures.add("noise.bulkOneMegabytesPerSecond", 1_000);
        figures.add("noise.bulkFourMegabytesPerSecond", 900);
        figures.add("noise.bulkPingMillis99", 4);
        figures.add("noise.slowAloneMegabytesPerSecond", 1_000);
        figures.add("noise.slowBesideMegabytesPerSecond", 850);
        figures.add("noise.slowGrowthBytes", 10e6);
        figures.add("noise.slowWindowsBytes", 20e6);
        figures.add("noise.pingMicros50", 50);
        figures.add("js-noise.pingMicros50", 200);
        figures.add("noise.connectionsPerSecond", 600);
        figures.add("noise.cpuMillisPerConnection", 3);
        figures.add("noise.streamsPerSecond", 3_900);
        figures.add("noise.eagerStreamsPerSecond", 2_600);
        figures.add("noise.idleBytesDialling", 40_960);
        figures.add("noise.idleBytesListening", 40_961);

        assertGoal("noise: 4 streams of one", 0.9, false);
        assertGoal("noise: ping p99 beside 4 streams, ms", 4, true);
        assertGoal("noise: fast beside 64 slow of alone", 0.85, true);
        assertGoal("noise: memory of 64 slow of windows", 0.5, true);
        assertGoal("noise: ping p50, us", 50, true);
        assertGoal("noise: ping p50 of js", 0.25, true);
        assertGoal("noise: connections per s", 600, true);
        assertGoal("noise: CPU ms per connection, both ends", 3, false);
        assertGoal("noise: streams per s, lazy", 3_900, false);
        assertGoal("noise: streams per s, eager", 2_600, true);
        assertGoal("noise: idle connection, bytes dialling", 40_960, true);
        assertGoal("noise: idle connection, bytes listening", 40_961, false);
    }

    @Test
    void what_was_not_measured_is_said_and_has_no_ratio() {
        speeds("noise", 1_000);

        assertThat(goal("noise+yamux of js").path("measured").isNull()).isTrue();
        assertThat(goal("noise+yamux of js").path("isMet").isNull()).isTrue();
        assertThat(report().lines())
                .contains(" !!  no js-libp2p here")
                .noneMatch(line -> line.contains("of js "));
        assertThat(json().path("notMeasured").get(0).asString()).isEqualTo("no js-libp2p here");
    }

    @Test
    void a_line_of_the_table_has_speed_and_shares() {
        for (double speed : List.of(900.0, 1_000.0, 1_100.0)) {
            speeds("tcp", 4 * speed);
            speeds("noise", speed);
            speeds("js-noise", speed / 5);
        }

        assertThat(report().lines())
                .anyMatch(line -> line.matches("noise +1,000 \\[900-1,100\\] +0\\.25 +5\\.00"))
                .anyMatch(line -> line.matches("tcp +4,000 \\[3,600-4,400\\] +1\\.00 *"));
    }

    private void speeds(String carrier, double value) {
        figures.add(carrier + ".megabytesPerSecond", value);
    }

    private void assertGoal(String name, double measured, boolean isMet) {
        assertThat(goal(name).path("measured").asDouble())
                .as(name)
                .isCloseTo(measured, within(1e-9));
        assertThat(goal(name).path("isMet").asBoolean()).as(name).isEqualTo(isMet);
    }

    @Test
    void the_report_says_whether_cores_were_kept_awake() {
        assertThat(report().lines()).anyMatch(line -> line.contains("cores kept awake"));
        assertThat(json().path("machine").path("isAwake").asBoolean()).isTrue();
    }

    private JsonNode goal(String name) {
        for (var goal : json().path("goals")) {
            if (goal.path("name").asString().equals(name)) {
                return goal;
            }
        }
        throw new AssertionError("no goal " + name);
    }

    private JsonNode json() {
        return JSON.readTree(JSON.writeValueAsString(report().json()));
    }

    private NetReport report() {
        return new NetReport(
                new Machine("a processor", 2, 1L << 30, "an OS", "25", true, 0.5),
                0.6,
                Amounts.of(1_000, 3, 4),
                1,
                List.of("no js-libp2p here"),
                figures,
                Goals.all());
    }
}
