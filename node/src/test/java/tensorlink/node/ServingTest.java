package tensorlink.node;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import tensorlink.dht.Dht;
import tensorlink.dht.DhtConfig;
import tensorlink.dht.DhtConfig.Mode;
import tensorlink.node.Serving.Place;
import tensorlink.p2p.HostConfig;
import tensorlink.p2p.Libp2p;
import tensorlink.p2p.core.Host;
import tensorlink.p2p.core.HostEvent;
import tensorlink.p2p.core.ProtocolId;
import tensorlink.p2p.core.Reachability;
import tensorlink.p2p.peer.KeyPair;

/** A node answers in the hash table as long as others can dial it. */
class ServingTest {
    private static final ProtocolId KAD = ProtocolId.of("/tensorlink/lab/kad/1.0.0");

    @Test
    void whoever_can_be_dialled_or_does_not_know_yet_answers() {
        assertThat(automatic(true, Reachability.PUBLIC, true, false)).isEqualTo(Mode.SERVER);
        assertThat(automatic(true, Reachability.UNKNOWN, true, false)).isEqualTo(Mode.SERVER);
    }

    @Test
    void whoever_is_behind_a_nat_only_asks() {
        assertThat(automatic(true, Reachability.PRIVATE, true, false)).isEqualTo(Mode.CLIENT);
    }

    @Test
    void where_nobody_has_a_public_address_everybody_answers() {
        assertThat(automatic(true, Reachability.PRIVATE, false, false)).isEqualTo(Mode.SERVER);
    }

    @Test
    void whom_an_outsider_came_to_see_can_be_dialled_after_all() {
        assertThat(automatic(true, Reachability.PRIVATE, true, true)).isEqualTo(Mode.SERVER);
    }

    @Test
    void whoever_listens_nowhere_only_asks_whatever_is_said_of_it() {
        for (var reachability : Reachability.values()) {
            assertThat(automatic(false, reachability, false, false)).isEqualTo(Mode.CLIENT);
        }
    }

    @Test
    void what_was_told_by_the_operator_holds_everywhere() {
        var cellar = new Place(false, Reachability.PRIVATE, true, false);
        var roof = new Place(true, Reachability.PUBLIC, true, true);

        assertThat(Serving.SERVER.at(cellar)).isEqualTo(Mode.SERVER);
        assertThat(Serving.CLIENT.at(roof)).isEqualTo(Mode.CLIENT);
    }

    private static Mode automatic(
            boolean listens, Reachability reachability, boolean meets, boolean isVisited) {
        return Serving.AUTO.at(new Place(listens, reachability, meets, isVisited));
    }

    @Test
    void the_table_follows_what_the_host_learns_and_peers_see_it() throws Exception {
        try (var host = Libp2p.start(KeyPair.generate(), HostConfig.defaults());
                var dht = Dht.start(host, DhtConfig.defaults(KAD));
                var mode = DhtMode.follow(Serving.AUTO, host, dht)) {
            assertThat(dht.mode()).isEqualTo(Mode.SERVER);

            mode.metOutsider(false);
            mode.on(changed(host, Reachability.PRIVATE));
            assertThat(dht.mode()).isEqualTo(Mode.CLIENT);
            assertThat(host.protocols()).doesNotContain(KAD);

            mode.on(changed(host, Reachability.PUBLIC));
            assertThat(dht.mode()).isEqualTo(Mode.SERVER);
            assertThat(host.protocols()).contains(KAD);

            mode.on(changed(host, Reachability.UNKNOWN));
            assertThat(dht.mode()).isEqualTo(Mode.SERVER);
        }
    }

    @Test
    void a_visit_counts_until_peers_say_otherwise() throws Exception {
        try (var host = Libp2p.start(KeyPair.generate(), HostConfig.defaults());
                var dht = Dht.start(host, DhtConfig.defaults(KAD));
                var mode = DhtMode.follow(Serving.AUTO, host, dht)) {
            mode.on(changed(host, Reachability.PRIVATE));
            mode.metOutsider(false);
            assertThat(dht.mode()).isEqualTo(Mode.CLIENT);

            mode.metOutsider(true);
            assertThat(dht.mode()).isEqualTo(Mode.SERVER);

            mode.on(changed(host, Reachability.UNKNOWN));
            mode.on(changed(host, Reachability.PRIVATE));
            assertThat(dht.mode()).isEqualTo(Mode.CLIENT);
        }
    }

    private static HostEvent changed(Host host, Reachability reachability) {
        return new HostEvent.ReachabilityChanged(host.id(), reachability);
    }
}
