package tensorlink.p2p.autonat;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import org.junit.jupiter.api.Test;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.PeerId;

class DialBackBookTest {
    private static final long MINUTE = Duration.ofMinutes(1).toNanos();

    private final DialBackBook book = new DialBackBook(AutoNatLimits.defaults());

    private static PeerId peer() {
        return KeyPair.generate().peerId();
    }

    private boolean dial(PeerId peer, long now) {
        boolean isGranted = book.begin(peer, now);
        if (isGranted) {
            book.ended();
        }
        return isGranted;
    }

    @Test
    void a_peer_has_twelve_dials_a_minute() {
        var peer = peer();
        for (int i = 0; i < 12; i++) {
            assertThat(dial(peer, i)).isTrue();
        }

        assertThat(dial(peer, 12)).isFalse();
        assertThat(dial(peer(), 12)).isTrue();
        assertThat(dial(peer, MINUTE - 1)).isFalse();
        assertThat(dial(peer, MINUTE)).isTrue();
    }

    @Test
    void all_peers_together_have_sixty() {
        for (int i = 0; i < 60; i++) {
            assertThat(dial(peer(), i)).isTrue();
        }

        assertThat(dial(peer(), 60)).isFalse();
        assertThat(dial(peer(), MINUTE)).isTrue();
        assertThat(book.remembered()).isEqualTo(60);
    }

    @Test
    void eight_run_at_the_same_time() {
        var running = new ArrayList<PeerId>();
        for (int i = 0; i < 8; i++) {
            running.add(peer());
            assertThat(book.begin(running.getLast(), 0)).isTrue();
        }
        assertThat(book.begin(peer(), 0)).isFalse();

        book.ended();

        assertThat(book.begin(peer(), 0)).isTrue();
    }
}
