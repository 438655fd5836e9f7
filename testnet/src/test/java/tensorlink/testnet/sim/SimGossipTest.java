package tensorlink.testnet.sim;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.api.parallel.Resources;
import tensorlink.node.cli.CommandLineProgram;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What the verb says and how it ends. */
@ResourceLock(Resources.SYSTEM_OUT)
class SimGossipTest {
    private static final JsonMapper JSON = new JsonMapper();
    private static final int USAGE = 2;
    private static final int MISSED = 10;

    @Test
    void tells_its_figures_and_that_the_goals_are_met() {
        var figures = run(0, "--rate", "2", "--seconds", "5");

        assertThat(figures.path("nodes").asInt()).isEqualTo(50);
        assertThat(figures.path("published").asInt()).isEqualTo(10);
        assertThat(figures.path("delivery").asDouble()).isEqualTo(1);
        assertThat(figures.path("missed").size()).isZero();
        assertThat(figures.path("trace").asString()).matches("[0-9a-f]{16}");
    }

    @Test
    void ends_as_a_failed_check_where_messages_do_not_arrive() {
        var figures = run(MISSED, "--rate", "2", "--seconds", "5", "--loss", "0.99");

        assertThat(figures.path("missed").get(0).asString())
                .startsWith("delivery is 0.")
                .endsWith(", expected at least 0.999");
    }

    @Test
    void refuses_attacks_without_a_name_and_runs_too_short_to_judge_one() {
        assertThat(error("--attack", "rudeness")).contains("--attack is rudeness", "eclipse-net");
        assertThat(error("--attack", "eclipse-net", "--seconds", "60")).contains("--seconds 60");
        assertThat(error("--loss", "1")).contains("--loss is 1.0");
        assertThat(error("--rate", "0")).contains("--rate 0");
    }

    @Test
    void a_goal_is_missed_on_the_wrong_side_of_its_bound_or_without_a_figure() {
        Map<String, Object> figures = Map.of("share", 0.5);

        assertThat(Goal.atLeast("share", 0.5).missed(figures)).isEmpty();
        assertThat(Goal.atMost("share", 0.5).missed(figures)).isEmpty();
        assertThat(Goal.atLeast("share", 0.6).missed(figures))
                .contains("share is 0.5, expected at least 0.6");
        assertThat(Goal.atMost("share", 0.4).missed(figures))
                .contains("share is 0.5, expected at most 0.4");
        assertThat(Goal.atMost("another", 1).missed(figures))
                .contains("another is null, expected at most 1.0");
    }

    private static String error(String... options) {
        return run(USAGE, options).path("error").path("message").asString();
    }

    private static JsonNode run(int status, String... options) {
        var arguments = new ArrayList<>(List.of("sim", "gossip", "--nodes", "50"));
        arguments.addAll(List.of(options));
        arguments.addAll(List.of("-o", "json", "--no-progress"));
        var out = new ByteArrayOutputStream();
        var real = System.out;
        System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
        try {
            assertThat(CommandLineProgram.run(arguments.toArray(new String[0])))
                    .as("%s", arguments)
                    .isEqualTo(status);
        } finally {
            System.setOut(real);
        }
        return JSON.readTree(out.toString(StandardCharsets.UTF_8));
    }
}
