package tensorlink.p2p.mux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

import tensorlink.p2p.core.Traffic;

import java.util.ArrayList;
import java.util.NoSuchElementException;

class TurnsTest {
    private final Turns<String> turns = new Turns<>();

    @Test
    void streams_of_one_kind_take_turns() {
        turns.add("a", Traffic.ORDINARY);
        turns.add("b", Traffic.ORDINARY);

        var first = turns.next();
        turns.add(first, Traffic.ORDINARY);

        assertThat(turns.next()).isEqualTo("b");
        assertThat(turns.next()).isEqualTo("a");
        assertThat(turns.isEmpty()).isTrue();
    }

    @Test
    void control_goes_before_requests_and_requests_before_bulk() {
        turns.add("bulk", Traffic.BULK);
        turns.add("request", Traffic.ORDINARY);
        turns.add("control", Traffic.CONTROL);

        assertThat(turns.next()).isEqualTo("control");
        assertThat(turns.next()).isEqualTo("request");
        assertThat(turns.next()).isEqualTo("bulk");
    }

    @Test
    void no_kind_waits_for_good_however_much_the_others_want() {
        var served = new ArrayList<String>();
        for (var kind : Traffic.values()) {
            turns.add(kind.name(), kind);
        }

        for (int i = 0; i < 10 * (32 + 8 + 1); i++) {
            var next = turns.next();
            served.add(next);
            turns.add(next, Traffic.valueOf(next));
        }

        assertThat(served.stream().filter("CONTROL"::equals)).hasSize(320);
        assertThat(served.stream().filter("ORDINARY"::equals)).hasSize(80);
        assertThat(served.stream().filter("BULK"::equals)).hasSize(10);
    }

    @Test
    void there_is_no_turn_when_nobody_waits() {
        turns.add("a", Traffic.BULK);
        turns.clear();

        assertThatThrownBy(turns::next).isInstanceOf(NoSuchElementException.class);
    }
}
