package tensorlink.dht;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import tensorlink.p2p.HostConfig;
import tensorlink.p2p.Libp2p;
import tensorlink.p2p.core.Host;
import tensorlink.p2p.core.ProtocolId;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.PeerInfo;

/** Twenty hosts on real sockets: TCP, Noise and yamux over loopback. */
class LoopbackTest {
    private static final int HOSTS = 20;
    private static final DhtConfig CONFIG =
            DhtConfig.defaults(ProtocolId.of("/test/kad/1.0.0"))
                    .withValidator(SignedNotes.NAMESPACE, new SignedNotes());

    private final List<Host> hosts = new ArrayList<>();
    private final List<Dht> nodes = new ArrayList<>();

    @AfterEach
    void close() {
        nodes.forEach(Dht::close);
        hosts.forEach(Host::close);
    }

    @Test
    void twenty_hosts_that_know_one_address_find_providers_peers_and_records()
            throws IOException, InterruptedException {
        for (int i = 0; i < HOSTS; i++) {
            join();
        }
        var key = Key.named("/test/role/worker");
        var providers = List.of(hosts.get(3).info(), hosts.get(11).info());
        for (int i : new int[] {3, 11}) {
            assertThat(nodes.get(i).provide(key)).isGreaterThanOrEqualTo(1);
        }
        var owner = KeyPair.generate();
        var end = CONFIG.scheduler().now().plusSeconds(600);
        var note = SignedNotes.note(owner, 1, end, "hello");
        assertThat(nodes.get(5).put(note)).isGreaterThanOrEqualTo(3);

        for (int i = 0; i < HOSTS; i++) {
            var node = nodes.get(i);
            var expected = new ArrayList<>(providers);
            expected.remove(hosts.get(i).info());

            var found = node.findProviders(key, 2);
            var closest = node.closestPeers(key);

            assertThat(found).hasSameElementsAs(expected);
            assertThat(closest).hasSizeGreaterThanOrEqualTo(10);
            assertThat(node.findPeer(hosts.get(17).id()).map(PeerInfo::id))
                    .contains(hosts.get(17).id());
            assertThat(node.get(note.key())).contains(note);
        }
    }

    private void join() throws IOException, InterruptedException {
        var host = Libp2p.start(KeyPair.generate(), HostConfig.defaults().withEventLoops(1));
        hosts.add(host);
        var node = Dht.start(host, CONFIG);
        nodes.add(node);
        if (hosts.size() > 1) {
            node.bootstrap(List.of(hosts.getFirst().info()));
        }
    }
}
