package tensorlink.dht;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import org.junit.jupiter.api.Test;

class StreamPlacesTest {
    private final StreamPlaces places =
            new StreamPlaces(new DhtConfig.Bounds(1, 1, 1, 1, 1, 1, 5, 2));

    @Test
    void a_peer_has_no_more_places_than_its_share() throws IOException {
        places.take(Peers.id(1));
        var second = places.take(Peers.id(1));

        assertThatThrownBy(() -> places.take(Peers.id(1)))
                .isInstanceOf(IOException.class)
                .hasMessage("one more stream of a peer that has 2");
        second.close();
        places.take(Peers.id(1));
    }

    @Test
    void all_together_have_no_more_than_there_are() throws IOException {
        for (int i = 0; i < 4; i++) {
            places.take(Peers.id(i));
        }
        var last = places.take(Peers.id(4));

        assertThatThrownBy(() -> places.take(Peers.id(5)))
                .isInstanceOf(IOException.class)
                .hasMessage("one more stream when 5 are served");
        last.close();
        places.take(Peers.id(5));
    }
}
