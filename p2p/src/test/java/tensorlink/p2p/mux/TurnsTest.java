package tensorlink.p2p.mux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.NoSuchElementException;
import org.junit.jupiter.api.Test;
import tensorlink.p2p.core.Purpose;

class TurnsTest {
    private final Turns<String> turns = new Turns<>();

    @Test
    void streams_of_one_kind_take_turns() {
        turns.add("a", Purpose.ORDINARY);
        turns.add("b", Purpose.ORDINARY);

        var first = turns.next();
        turns.add(first, Purpose.ORDINARY);

        assertThat(turns.next()).isEqualTo("b");
        assertThat(turns.next()).isEqualTo("a");
        assertThat(turns.isEmpty()).isTrue();
    }

    @Test
    void control_goes_before_requests_and_requests_before_bulk() {
        turns.add("bulk", Purpose.BULK);
        turns.add("request", Purpose.ORDINARY);
        turns.add("control", Purpose.CONTROL);

        assertThat(turns.next()).isEqualTo("control");
        assertThat(turns.next()).isEqualTo("request");
        assertThat(turns.next()).isEqualTo("bulk");
    }

    @Test
    void no_kind_waits_for_good_however_much_the_others_want() {
        var served = new ArrayList<String>();
        for (var kind : Purpose.values()) {
            turns.add(kind.name(), kind);
        }

        for (int i = 0; i < 10 * (32 + 8 + 1); i++) {
            var next = turns.next();
            served.add(next);
            turns.add(next, Purpose.valueOf(next));
        }

        assertThat(served.stream().filter("CONTROL"::equals)).hasSize(320);
        assertThat(served.stream().filter("ORDINARY"::equals)).hasSize(80);
        assertThat(served.stream().filter("BULK"::equals)).hasSize(10);
    }

    @Test
    void there_is_no_turn_when_nobody_waits() {
        turns.add("a", Purpose.BULK);
        turns.clear();

        assertThatThrownBy(turns::next).isInstanceOf(NoSuchElementException.class);
    }
}
