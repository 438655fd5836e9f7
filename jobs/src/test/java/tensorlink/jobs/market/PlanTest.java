package tensorlink.jobs.market;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import tensorlink.compute.LayerRange;
import tensorlink.compute.Speed;
import tensorlink.jobs.job.Grid;
import tensorlink.jobs.market.Partition.Assignment;
import tensorlink.jobs.market.Partition.Candidate;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.PeerId;

class PlanTest {
    private static final PeerId ONE = KeyPair.generate().peerId();
    private static final PeerId TWO = KeyPair.generate().peerId();
    private static final PeerId THREE = KeyPair.generate().peerId();
    private static final PeerId FOUR = KeyPair.generate().peerId();

    @Test
    void what_was_written_is_read_with_remarks_between_the_lines() {
        var plan =
                new Plan(
                        List.of(
                                new Plan.Part(new LayerRange(0, 3), ONE),
                                new Plan.Part(new LayerRange(3, 4), TWO)));

        assertThat(plan.text()).isEqualTo("layers 0-2 on " + ONE + "\nlayer 3 on " + TWO + "\n");
        assertThat(Plan.parse("# mine\n\n" + plan.text())).isEqualTo(plan);
        assertThat(plan.layers()).isEqualTo(4);
    }

    @Test
    void the_first_and_the_last_stage_may_be_here() {
        var plan = Plan.parse("layer 0 on here\nlayers 1-3 on " + ONE + "\nlayers 4-5 on here");

        assertThat(Plan.parse(plan.text())).isEqualTo(plan);
        assertThat(plan.firstHere()).isEqualTo(1);
        assertThat(plan.lastHere()).isEqualTo(2);
        assertThat(plan.workers()).containsExactly(ONE);
        assertThat(plan.ranges()).containsExactly(new LayerRange(1, 4));
        assertThat(plan.layers()).isEqualTo(6);
        assertThatThrownBy(() -> Plan.parse("layers 0-3 on here"))
                .hasMessage("all layers are here: that is a local run, not a job");
        assertThatThrownBy(() ->
                        Plan.parse(
                                "layer 0 on "
                                        + ONE
                                        + "\nlayer 1 on here\nlayer 2 on here\nlayer 3 on here"))
                .hasMessage("layer 1 on here: only the first and the last stage may be here");
    }

    @Test
    void the_layers_of_another_replica_come_behind_those_of_the_first() {
        var text =
                "layer 0 on %s\nlayer 1 on %s\nlayer 0 on %s\nlayer 1 on %s\n"
                        .formatted(ONE, TWO, THREE, FOUR);

        var plan = Plan.parse(text);

        assertThat(plan.text()).isEqualTo(text);
        assertThat(plan.grid()).isEqualTo(new Grid(2, 2));
        assertThat(plan.grid().name(3)).isEqualTo("stage 1 of replica 1");
        assertThat(plan.layers()).isEqualTo(2);
        assertThat(plan.ranges()).containsExactly(new LayerRange(0, 1), new LayerRange(1, 2));
        assertThat(plan.workers()).containsExactly(ONE, TWO, THREE, FOUR);
        assertThatThrownBy(() -> Plan.parse(text.replace("layer 1 on " + FOUR, "")))
                .hasMessage("replica 1 has 1 stages, the first has 2");
        assertThatThrownBy(() ->
                        Plan.parse(text.replace("layer 0 on " + THREE, "layers 0-1 on " + THREE)))
                .hasMessage("replica 1 has layers 0-1 where the first has layer 0");
        assertThatThrownBy(() -> Plan.parse(text + "layer 2 on " + KeyPair.generate().peerId()))
                .hasMessage("replica 2 has layer 2 where the first has layer 0");
    }

    @Test
    void what_stays_here_has_no_replicas() {
        assertThatThrownBy(() ->
                        Plan.parse(
                                "layer 0 on here\nlayer 1 on %s\nlayer 0 on here\nlayer 1 on %s"
                                        .formatted(ONE, TWO)))
                .hasMessage("layers here and 2 replicas, expected 1");
    }

    @Test
    void a_team_can_do_what_its_weakest_member_can() {
        var speed = new Speed(4, 4, 4, 4);
        var slow = new Speed(1, 5, 5, 5);
        var workers =
                List.of(
                        new Candidate(ONE, 10, speed),
                        new Candidate(TWO, 30, speed),
                        new Candidate(THREE, 20, slow),
                        new Candidate(FOUR, 9, speed));

        var teams = Team.alike(workers, 2);
        var spread =
                Team.spread(
                        List.of(
                                new Assignment(ONE, new LayerRange(0, 1), 7),
                                new Assignment(TWO, new LayerRange(1, 2), 8)),
                        teams);

        assertThat(teams.stream().map(Team::asOne))
                .containsExactly(
                        new Candidate(TWO, 20, new Speed(1, 4, 4, 4)),
                        new Candidate(ONE, 9, speed));
        assertThat(spread)
                .containsExactly(
                        new Assignment(ONE, new LayerRange(0, 1), 7),
                        new Assignment(TWO, new LayerRange(1, 2), 8),
                        new Assignment(FOUR, new LayerRange(0, 1), 7),
                        new Assignment(THREE, new LayerRange(1, 2), 8));
        assertThat(Team.of(workers, 2).get(1).members())
                .containsExactly(workers.get(1), workers.get(3));
        assertThat(Team.alike(workers.subList(0, 3), 2)).hasSize(1);
    }

    @Test
    void refuses_what_is_no_plan_by_line() {
        assertThatThrownBy(() -> Plan.parse("")).hasMessage("a plan without stages");
        assertThatThrownBy(() -> Plan.parse("\nlayers 0-3 " + ONE))
                .hasMessage(
                        "line 2: expected \"layers FIRST-LAST on WORKER\", or \"here\", got"
                                + " \"layers 0-3 "
                                + ONE
                                + "\"");
        assertThatThrownBy(() -> Plan.parse("layers 3-1 on " + ONE))
                .hasMessage("line 1: layers 3-1, expected FIRST-LAST");
        assertThatThrownBy(() -> Plan.parse("layers 0-x on " + ONE))
                .hasMessage("line 1: layer \"x\", expected a number");
        assertThatThrownBy(() -> Plan.parse("layers 0-1 on nobody"))
                .hasMessageStartingWith("line 1: ");
        assertThatThrownBy(() -> Plan.parse("layers 1-2 on " + ONE))
                .hasMessage("a gap or an overlap at layer 0: layers 1-2");
        assertThatThrownBy(() -> Plan.parse("layer 0 on " + ONE + "\nlayer 1 on " + ONE))
                .hasMessage("worker " + ONE + " is there twice");
        assertThatThrownBy(() -> Plan.parse("#".repeat(Plan.TEXT_LENGTH_MAX + 1)))
                .hasMessage("plan of 65537 characters, at most 65536");
    }
}
