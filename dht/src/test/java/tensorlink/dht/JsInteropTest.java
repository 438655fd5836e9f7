package tensorlink.dht;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import tensorlink.p2p.HostConfig;
import tensorlink.p2p.JsProcess;
import tensorlink.p2p.Libp2p;
import tensorlink.p2p.core.Host;
import tensorlink.p2p.core.ProtocolId;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.PeerInfo;

/** The hash table shared with js-libp2p's; run with {@code -Pinterop}. */
@Tag("interop")
class JsInteropTest {
    private static final ProtocolId KAD = ProtocolId.of("/test/kad/1.0.0");
    private static final DhtConfig CONFIG =
            DhtConfig.defaults(KAD).withValidator("test", new NotBad());
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final List<Host> hosts = new ArrayList<>();
    private final List<Dht> nodes = new ArrayList<>();
    private final List<PeerInfo> jsPeers = new ArrayList<>();

    /** Some js nodes; see {@code src/test/interop/peer.mjs}. */
    private JsProcess js;

    @BeforeEach
    void start() throws IOException {
        js = JsProcess.start(Duration.ofMinutes(1), "peer.mjs", KAD.name());
    }

    @AfterEach
    void stop() throws IOException, InterruptedException {
        js.stop();
        nodes.forEach(Dht::close);
        hosts.forEach(Host::close);
    }

    @Test
    void either_side_finds_a_peer_that_only_the_other_knows()
            throws IOException, InterruptedException {
        network(2, 2);
        var stranger = startJs("server");
        js.ask("connect", 0, full(jsPeers.get(2)));
        var ours = joinBehind(1);
        awaitKnown(0, stranger);

        assertThat(nodes.get(0).findPeer(stranger.id()))
                .map(PeerInfo::addresses)
                .hasValueSatisfying(it -> assertThat(it).containsAll(stranger.addresses()));
        assertThat(js.ask("findPeer", 0, ours.id()))
                .contains(ours.addresses().getFirst().toString());
    }

    @Test
    void values_put_on_one_side_are_got_on_the_other() throws IOException, InterruptedException {
        network(3, 3);
        var record = record("ours", "from Java");

        assertThat(nodes.get(1).put(record)).isGreaterThanOrEqualTo(3);
        var theirs = record("theirs", "from js");
        int told = Integer.parseInt(js.ask("put", 1, hex(theirs.key()), hex(theirs.value())));

        assertThat(told).isPositive();
        for (int i = 0; i < 3; i++) {
            assertThat(js.ask("get", i, hex(record.key()))).isEqualTo(hex(record.value()));
            assertThat(nodes.get(i).get(theirs.key())).contains(theirs);
        }
    }

    @Test
    void neither_side_takes_a_value_that_its_validator_refuses()
            throws IOException, InterruptedException {
        network(1, 1);
        var bad = record("bad", "bad value");

        assertThatThrownBy(() -> nodes.getFirst().put(bad))
                .isInstanceOf(RecordRefusedException.class);
        assertThat(js.ask("put", 0, hex(bad.key()), hex(bad.value()))).isEqualTo("0");
        assertThat(nodes.getFirst().holdings().size()).isZero();
        var client = new KadClient(hosts.getFirst(), CONFIG, new KadCodec(CONFIG));
        var put = new KadRequest.PutValue(new HeldRecord(bad, Instant.EPOCH));
        assertThatThrownBy(() -> client.ask(jsPeers.getFirst(), put))
                .isInstanceOf(IOException.class);
        assertThat(nodes.getFirst().get(bad.key())).isEmpty();
    }

    @Test
    void who_provides_on_one_side_is_found_on_the_other() throws IOException, InterruptedException {
        network(3, 3);
        var ours = Key.named("what we have");
        var theirs = Key.named("what they have");

        nodes.get(2).provide(ours);
        js.ask("provide", 2, hex(theirs.bytes()));

        for (int i = 0; i < 2; i++) {
            assertThat(js.ask("findProviders", i, hex(ours.bytes())))
                    .isEqualTo(hosts.get(2).id().toString());
            assertThat(nodes.get(i).findProviders(theirs, 1))
                    .extracting(PeerInfo::id)
                    .containsExactly(jsPeers.get(2).id());
        }
    }

    @Test
    void clients_of_either_side_are_in_no_table() throws IOException, InterruptedException {
        network(1, 1);
        var theirs = startJs("client");
        js.ask("connect", 1, full(hosts.getFirst().info()));
        var host = host();
        var ours = Dht.start(host, CONFIG.withMode(DhtConfig.Mode.CLIENT));
        nodes.add(ours);
        ours.bootstrap(List.of(jsPeers.getFirst()));

        assertThat(ours.closestPeers(Key.named("anything"))).isNotEmpty();
        assertThat(js.ask("get", 1, hex(putSome().key()))).isNotEmpty();
        assertThat(js.ask("knows", 0, host.id())).isEqualTo("false");
        assertThat(nodes.getFirst().contacts().table().contains(theirs.id())).isFalse();
    }

    @Test
    void twenty_nodes_of_both_kinds_make_one_network() throws IOException, InterruptedException {
        network(10, 10);

        for (int i = 0; i < 10; i++) {
            var ours = record("ours " + i, "value " + i);
            var theirs = record("theirs " + i, "value " + i);
            nodes.get(i).put(ours);
            js.ask("put", i, hex(theirs.key()), hex(theirs.value()));
            assertThat(js.ask("get", 9 - i, hex(ours.key()))).isEqualTo(hex(ours.value()));
            assertThat(nodes.get(9 - i).get(theirs.key())).contains(theirs);

            var key = Key.named("thing " + i);
            nodes.get(i).provide(key);
            js.ask("provide", i, hex(key.bytes()));
            var providers = List.of(hosts.get(i).id(), jsPeers.get(i).id());
            assertThat(nodes.get(9 - i).findProviders(key, 20))
                    .extracting(PeerInfo::id)
                    .containsExactlyInAnyOrderElementsOf(providers);
            assertThat(List.of(js.ask("findProviders", 9 - i, hex(key.bytes())).split(" ")))
                    .containsExactlyInAnyOrder(
                            providers.getFirst().toString(), providers.getLast().toString());
            assertThat(nodes.get(i).findPeer(jsPeers.get(9 - i).id())).isPresent();
            assertThat(js.ask("findPeer", i, hosts.get(9 - i).id())).isNotEmpty();
        }
    }

    @Test
    void half_of_a_mixed_network_may_leave() throws IOException, InterruptedException {
        network(8, 4);
        var record = record("survivor", "still here");
        nodes.get(7).put(record);

        for (int i = 4; i < 8; i++) {
            nodes.get(i).close();
            hosts.get(i).close();
        }

        assertThat(nodes.get(1).get(record.key())).contains(record);
        assertThat(js.ask("get", 3, hex(record.key()))).isEqualTo(hex(record.value()));
    }

    /** So many nodes of either kind, all of which know each other a little. */
    private void network(int java, int javaScript) throws IOException, InterruptedException {
        for (int i = 0; i < javaScript; i++) {
            startJs("server");
        }
        for (int i = 0; i < java; i++) {
            var host = host();
            var node = Dht.start(host, CONFIG);
            nodes.add(node);
            var known = new ArrayList<PeerInfo>(List.of(jsPeers.get(i % javaScript)));
            if (i > 0) {
                known.add(hosts.getFirst().info());
            }
            node.bootstrap(known);
        }
        for (int i = 0; i < javaScript; i++) {
            js.ask("connect", i, full(hosts.get(i % java).info()));
            js.ask("connect", i, full(hosts.getFirst().info()));
        }
        for (int i = 0; i < javaScript; i++) {
            awaitTable(i, Math.min(2, java));
        }
    }

    private PeerInfo startJs(String mode) throws IOException, InterruptedException {
        var started = js.ask("start", mode).split(" ", 2);
        var peer = PeerInfo.of(Multiaddr.parse(started[1]));
        jsPeers.add(peer);
        return peer;
    }

    private Host host() throws IOException, InterruptedException {
        var host = Libp2p.start(KeyPair.generate(), HostConfig.defaults().withEventLoops(1));
        hosts.add(host);
        return host;
    }

    /** One of ours that only one of ours knows. */
    private PeerInfo joinBehind(int index) throws IOException, InterruptedException {
        var host = host();
        var node = Dht.start(host, CONFIG);
        nodes.add(node);
        node.bootstrap(List.of(hosts.get(index).info()));
        return host.info();
    }

    private void awaitTable(int index, int size) throws IOException, InterruptedException {
        var deadline = Deadlines.in(PATIENCE);
        while (Integer.parseInt(js.ask("table", index)) < size) {
            deadline.check("js node %d knows fewer than %d".formatted(index, size));
        }
    }

    private void awaitKnown(int index, PeerInfo peer) throws IOException, InterruptedException {
        var deadline = Deadlines.in(PATIENCE);
        while (js.ask("knows", index, peer.id()).equals("false")) {
            deadline.check("js node %d does not know %s".formatted(index, peer.id()));
        }
    }

    private DhtRecord putSome() throws IOException, InterruptedException {
        var record = record("some", "thing");
        nodes.getFirst().put(record);
        return record;
    }

    private static String full(PeerInfo peer) {
        return peer.fullAddresses().getFirst().toString();
    }

    private static String hex(ByteString bytes) {
        return HexFormat.of().formatHex(bytes.toByteArray());
    }

    private static DhtRecord record(String name, String value) {
        return new DhtRecord(
                ByteString.copyFromUtf8("/test/" + name), ByteString.copyFromUtf8(value));
    }

    /** Asks again and again for something that comes by itself, but not for ever. */
    private record Deadlines(long nanos) {
        static Deadlines in(Duration patience) {
            return new Deadlines(Scheduler.system().nanoTime() + patience.toNanos());
        }

        void check(String what) throws InterruptedException {
            assertThat(Scheduler.system().nanoTime()).as(what).isLessThan(nanos);
            Scheduler.system().sleep(Duration.ofMillis(100));
        }
    }

    /** What {@code peer.mjs} takes as well: every value that does not begin with "bad". */
    private static final class NotBad implements RecordValidator {
        @Override
        public Verdict check(DhtRecord record, Instant now) {
            return record.value().startsWith(ByteString.copyFromUtf8("bad"))
                    ? new Verdict.Invalid("a bad value")
                    : new Verdict.Valid(Instant.MAX);
        }

        @Override
        public int compare(DhtRecord left, DhtRecord right) {
            return ByteString.unsignedLexicographicalComparator()
                    .compare(left.value(), right.value());
        }
    }
}
