package tensorlink.jobs.market;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import tensorlink.compute.LayerRange;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.PeerId;

class PlanTest {
    private static final PeerId ONE = KeyPair.generate().peerId();
    private static final PeerId TWO = KeyPair.generate().peerId();

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
