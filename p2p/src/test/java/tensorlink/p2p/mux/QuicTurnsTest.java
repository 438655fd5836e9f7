package tensorlink.p2p.mux;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class QuicTurnsTest {
    private static final int PART = QuicTurns.QUANTUM_BYTES / 4;

    private final List<String> first = new ArrayList<>();
    private final QuicTurns turns = new QuicTurns();

    @Test
    void who_sends_alone_is_left_alone() {
        var a = new Sender("a");
        for (int i = 0; i < 20; i++) {
            turns.sent(a, PART);
        }

        assertThat(first).isEmpty();
    }

    @Test
    void who_never_waits_takes_no_turns() {
        var a = new Sender("a");
        var b = new Sender("b");
        b.isWaiting = false;
        turns.sent(a, PART);
        turns.sent(b, PART);
        turns.sent(a, PART);

        assertThat(first).isEmpty();
    }

    @Test
    void each_goes_first_for_its_quantum() {
        var senders = List.of(new Sender("a"), new Sender("b"), new Sender("c"));
        senders.forEach(one -> turns.sent(one, PART));
        for (int i = 0; i < 3 * 4; i++) {
            turns.sent(senders.stream().filter(one -> one.isFirst).findFirst().orElseThrow(), PART);
        }

        assertThat(first).containsExactly("+a", "-a", "+b", "-b", "+c", "-c", "+a");
    }

    @Test
    void others_may_send_meanwhile_and_it_is_still_the_turn_of_the_same() {
        var a = new Sender("a");
        var b = new Sender("b");
        turns.sent(a, PART);
        for (int i = 0; i < 20; i++) {
            turns.sent(b, PART);
        }

        assertThat(first).containsExactly("+a");
    }

    @Test
    void a_turn_ends_when_nothing_waits() {
        var a = new Sender("a");
        var b = new Sender("b");
        var c = new Sender("c");
        turns.sent(a, PART);
        turns.sent(b, PART);
        turns.sent(c, PART);
        a.isWaiting = false;
        turns.sent(c, PART);

        assertThat(first).containsExactly("+a", "-a", "+b");
    }

    @Test
    void a_turn_ends_with_the_stream_and_the_last_one_needs_none() {
        var a = new Sender("a");
        var b = new Sender("b");
        turns.sent(a, PART);
        turns.sent(b, PART);
        turns.gone(a);
        turns.gone(a);

        assertThat(first).containsExactly("+a", "-a");
    }

    private final class Sender implements QuicTurns.Taker {
        private final String name;
        private boolean isWaiting = true;
        private boolean isFirst;

        Sender(String name) {
            this.name = name;
        }

        @Override
        public void goesFirst(boolean isFirst) {
            this.isFirst = isFirst;
            first.add((isFirst ? "+" : "-") + name);
        }

        @Override
        public boolean isWaiting() {
            return isWaiting;
        }
    }
}
