package tensorlink.dht;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import tensorlink.p2p.core.DialException;
import tensorlink.p2p.core.ProtocolId;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.PeerInfo;

/** What a caller of the module sees, on a few nodes in virtual time. */
class DhtTest {
    private static final ProtocolId KAD = ProtocolId.of("/test/kad/1.0.0");

    private final SimulatedScheduler scheduler = new SimulatedScheduler();
    private final FakeNetwork network = new FakeNetwork(scheduler, Duration.ofMillis(10));
    private final DhtConfig config =
            DhtConfig.defaults(KAD)
                    .withScheduler(scheduler)
                    .withRandom(new Random(1))
                    .withValidator(SignedNotes.NAMESPACE, new SignedNotes());
    private final FakeHost first = network.host();
    private final KeyPair owner = KeyPair.ofSeed(ByteString.copyFrom(new byte[32]));
    private final Key key = Key.named("/test/role/worker");

    // ---- entering the network

    @Test
    void a_node_that_becomes_a_client_leaves_the_tables_and_comes_back_as_a_server()
            throws IOException, InterruptedException {
        scheduler.run(() -> {
            var other = network.host();
            var switching = Dht.start(network.host(), config);
            var watching = Dht.start(other, config);
            switching.bootstrap(List.of(other.info()));
            scheduler.sleep(Duration.ofSeconds(1));
            assertThat(watching.table().peers()).isEqualTo(1);

            switching.switchTo(DhtConfig.Mode.CLIENT);
            scheduler.sleep(Duration.ofSeconds(1));
            assertThat(watching.table().peers()).isZero();
            assertThat(switching.closestPeers(Key.named("x"))).containsExactly(other.info());

            switching.switchTo(DhtConfig.Mode.SERVER);
            scheduler.sleep(Duration.ofSeconds(1));
            assertThat(switching.mode()).isEqualTo(DhtConfig.Mode.SERVER);
            assertThat(watching.table().peers()).isEqualTo(1);
        });
    }

    @Test
    void the_public_network_is_joined_under_its_own_name_and_only_as_a_client()
            throws IOException, InterruptedException {
        scheduler.run(() -> {
            var config = DhtConfig.ipfs().withScheduler(scheduler);
            var server = network.host();
            var serving = Dht.start(server, config.withMode(DhtConfig.Mode.SERVER));
            var client = network.host();
            var asking = Dht.start(client, config);
            asking.bootstrap(List.of(server.info()));
            scheduler.sleep(Duration.ofSeconds(1));

            assertThat(server.protocols()).containsExactly(ProtocolId.of("/ipfs/kad/1.0.0"));
            assertThat(client.protocols()).isEmpty();
            assertThat(serving.table().peers()).isZero();
            var identity = KeyPair.ofSeed(ByteString.copyFrom(new byte[32]));
            var key = ByteString.copyFromUtf8("/pk/").concat(identity.peerId().multihash());
            assertThat(asking.put(new DhtRecord(key, identity.publicKey().encode()))).isEqualTo(1);
        });
    }

    @Test
    void through_one_address_a_node_meets_all_others() throws IOException, InterruptedException {
        scheduler.run(() -> {
            Dht.start(first, config);
            var others = new ArrayList<Dht>();
            for (int i = 0; i < 9; i++) {
                others.add(join(config));
            }

            scheduler.sleep(Duration.ofSeconds(1));

            for (var node : others) {
                assertThat(node.table().peers()).isEqualTo(9);
            }
        });
    }

    @Test
    void bootstrap_says_who_failed_and_why() throws IOException, InterruptedException {
        scheduler.run(() -> {
            Dht.start(first, config);
            var mute = network.host();
            var closed = Peers.peer(1);
            var host = network.host();
            var node = Dht.start(host, config);

            var report = node.bootstrap(List.of(mute.info(), closed, first.info(), host.info()));

            assertThat(report.answered()).containsExactly(first.info());
            assertThat(report.failures())
                    .extracting(BootstrapReport.Failure::peer)
                    .containsExactlyInAnyOrder(mute.info(), closed);
            assertThat(report.toString())
                    .startsWith("1 of 3 bootstrap peers answered; ")
                    .contains(closed.id() + " at [/ip4/127.0.0.1/tcp/1]: cannot reach")
                    .contains("connection refused")
                    .contains("serves none of [/test/kad/1.0.0]");
        });
    }

    @Test
    void when_nobody_answers_it_throws_and_tries_on_until_somebody_does()
            throws IOException, InterruptedException {
        scheduler.run(() -> {
            first.vanish();
            var node = Dht.start(network.host(), config);
            var start = scheduler.now();

            assertThatThrownBy(() -> node.bootstrap(List.of(first.info())))
                    .isInstanceOf(BootstrapException.class)
                    .hasMessageContaining("0 of 1 bootstrap peers answered")
                    .hasMessageContaining("no answer within PT5S")
                    .satisfies(thrown ->
                            assertThat(
                                            ((BootstrapException) thrown)
                                                    .report()
                                                    .failures()
                                                    .getFirst()
                                                    .cause())
                                    .isInstanceOf(DialException.class));
            assertThat(Duration.between(start, scheduler.now())).isLessThan(Duration.ofSeconds(11));

            scheduler.sleep(Duration.ofMinutes(30));
            assertThat(node.table().peers()).isZero();
            first.reappear();
            Dht.start(first, config);
            scheduler.sleep(Duration.ofSeconds(75));
            assertThat(node.table().peers()).isEqualTo(1);
        });
    }

    @Test
    void the_first_node_of_a_network_has_nobody_to_ask() throws IOException, InterruptedException {
        scheduler.run(() -> {
            var node = Dht.start(first, config);

            var report = node.bootstrap(List.of(first.info()));

            assertThat(report).isEqualTo(new BootstrapReport(List.of(), List.of()));
            assertThat(node.findProviders(key, 1)).isEmpty();
            assertThat(node.closestPeers(key)).isEmpty();
            assertThat(node.findPeer(Peers.id(1))).isEmpty();
            assertThat(node.findPeer(first.id())).contains(first.info());
            assertThat(node.provide(key)).isZero();
        });
    }

    @Test
    void a_node_that_was_cut_off_is_back_by_itself() throws IOException, InterruptedException {
        scheduler.run(() -> {
            Dht.start(first, config);
            join(config);
            var host = network.host();
            var node = join(host, config);

            host.vanish();
            scheduler.sleep(Duration.ofMinutes(30));
            assertThat(node.table().peers()).isZero();
            host.reappear();
            scheduler.sleep(Duration.ofMinutes(2));

            assertThat(node.table().peers()).isEqualTo(2);
        });
    }

    @Test
    void a_node_comes_back_though_its_only_bootstrap_peer_is_gone_for_good()
            throws IOException, InterruptedException {
        scheduler.run(() -> {
            Dht.start(first, config);
            join(config);
            var host = network.host();
            var node = join(host, config);
            scheduler.sleep(Duration.ofSeconds(1));

            host.vanish();
            first.vanish();
            scheduler.sleep(Duration.ofMinutes(15));
            host.reappear();
            scheduler.sleep(Duration.ofMinutes(2));

            assertThat(node.table().peers()).isEqualTo(1);
        });
    }

    @Test
    void others_hear_of_a_peer_where_it_was_reached_though_it_does_not_know_that_address()
            throws IOException, InterruptedException {
        scheduler.run(() -> {
            Dht.start(first, config);
            var outside = Peers.address(99);
            network.alsoAt(outside, first);
            var host = network.host();
            var node = Dht.start(host, config);
            node.bootstrap(List.of(new PeerInfo(first.id(), List.of(outside))));
            var late = network.host();
            scheduler.sleep(Duration.ofSeconds(1));

            var heard =
                    new KadClient(late, config, new KadCodec(config))
                            .ask(host.info(), new KadRequest.FindNode(key));

            assertThat(heard.closer())
                    .containsExactly(new PeerInfo(first.id(), List.of(outside, first.address())));
        });
    }

    // ---- clients and servers

    @Test
    void a_client_finds_and_is_found_but_is_in_no_table() throws IOException, InterruptedException {
        scheduler.run(() -> {
            var server = Dht.start(first, config);
            var other = join(config);
            scheduler.sleep(Duration.ofSeconds(1));
            var host = network.host();
            var client = join(host, config.withMode(DhtConfig.Mode.CLIENT));
            scheduler.sleep(Duration.ofSeconds(1));

            assertThat(host.protocols()).isEmpty();
            assertThat(client.table().peers()).isEqualTo(2);
            assertThat(server.table().peers()).isEqualTo(1);
            assertThat(other.table().peers()).isEqualTo(1);
            assertThat(other.findPeer(host.id())).contains(host.info());
            assertThat(client.provide(key)).isEqualTo(2);
            assertThat(other.findProviders(key, 1)).containsExactly(host.info());
        });
    }

    @Test
    void a_server_that_stops_serving_leaves_the_tables() throws IOException, InterruptedException {
        scheduler.run(() -> {
            var server = Dht.start(first, config);
            var leaving = join(config);
            scheduler.sleep(Duration.ofSeconds(1));
            assertThat(server.table().peers()).isEqualTo(1);

            leaving.close();

            scheduler.sleep(Duration.ofSeconds(1));
            assertThat(server.table().peers()).isZero();
        });
    }

    @Test
    void networks_with_other_names_do_not_mix() throws IOException, InterruptedException {
        scheduler.run(() -> {
            Dht.start(first, config);
            var foreign =
                    DhtConfig.defaults(ProtocolId.of("/other/kad/1.0.0")).withScheduler(scheduler);
            var node = Dht.start(network.host(), foreign);

            assertThatThrownBy(() -> node.bootstrap(List.of(first.info())))
                    .isInstanceOf(BootstrapException.class);

            assertThat(node.table().peers()).isZero();
        });
    }

    // ---- providers

    @Test
    void what_one_provides_others_find_and_can_open() throws IOException, InterruptedException {
        scheduler.run(() -> {
            Dht.start(first, config);
            var hosts = List.of(network.host(), network.host(), network.host());
            for (var host : hosts) {
                join(host, config).provide(key);
            }
            var host = network.host();
            var finder = join(host, config.withMode(DhtConfig.Mode.CLIENT));

            var all = finder.findProviders(key, 10);
            var two = finder.findProviders(key, 2);

            assertThat(all)
                    .containsExactlyInAnyOrderElementsOf(
                            hosts.stream().map(FakeHost::info).toList());
            assertThat(two).hasSize(2).isSubsetOf(all);
            assertThat(finder.findProviders(Key.named("nothing"), 1)).isEmpty();
            host.open(all.getFirst().id(), KAD).close();
        });
    }

    @Test
    void a_provider_does_not_find_itself() throws IOException, InterruptedException {
        scheduler.run(() -> {
            Dht.start(first, config);
            var node = join(config);
            node.provide(key);

            assertThat(node.findProviders(key, 5)).isEmpty();
        });
    }

    @Test
    void an_announcement_lives_as_long_as_its_provider_and_an_hour_more()
            throws IOException, InterruptedException {
        scheduler.run(() -> {
            var finder = Dht.start(first, config);
            var host = network.host();
            var node = join(host, config);
            node.provide(key);

            scheduler.sleep(Duration.ofDays(1));
            assertThat(finder.findProviders(key, 1)).containsExactly(host.info());
            node.close();
            scheduler.sleep(Duration.ofMinutes(35));
            assertThat(finder.findProviders(key, 1)).containsExactly(host.info());
            scheduler.sleep(Duration.ofMinutes(30));

            assertThat(finder.findProviders(key, 1)).isEmpty();
        });
    }

    @Test
    void what_is_withdrawn_is_announced_no_more() throws IOException, InterruptedException {
        scheduler.run(() -> {
            var finder = Dht.start(first, config);
            var node = join(config);
            scheduler.sleep(Duration.ofSeconds(1));
            int threads = node.background().size();
            node.provide(key);

            node.withdraw(key);

            scheduler.sleep(Duration.ofMinutes(61));
            assertThat(finder.findProviders(key, 1)).isEmpty();
            assertThat(node.background().size()).isEqualTo(threads);
        });
    }

    @Test
    void what_could_be_told_to_nobody_is_told_as_soon_as_there_is_somebody()
            throws IOException, InterruptedException {
        scheduler.run(() -> {
            var host = network.host();
            var node = Dht.start(host, config);
            assertThat(node.provide(key)).isZero();
            scheduler.sleep(Duration.ofMinutes(10));

            var finder = Dht.start(first, config);
            node.bootstrap(List.of(first.info()));

            scheduler.sleep(Duration.ofSeconds(70));
            assertThat(finder.findProviders(key, 1)).containsExactly(host.info());
        });
    }

    @Test
    void keys_and_counts_are_checked() throws IOException, InterruptedException {
        scheduler.run(() -> {
            var node = Dht.start(first, config);
            var large = Key.of(ByteString.copyFrom(new byte[81]));

            assertThatThrownBy(() -> node.provide(large))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("provided key of 81 bytes, limit 80");
            assertThatThrownBy(() -> node.findProviders(large, 1))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> node.findProviders(key, 0))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("count is 0, expected at least 1");
        });
    }

    // ---- peers

    @Test
    void a_peer_is_found_through_others() throws IOException, InterruptedException {
        scheduler.run(() -> {
            Dht.start(first, config);
            var sought = network.host();
            join(sought, config);
            var finder = join(config);

            assertThat(finder.findPeer(sought.id())).contains(sought.info());
            assertThat(finder.findPeer(Peers.id(1))).isEmpty();
        });
    }

    @Test
    void the_closest_peers_do_not_include_us() throws IOException, InterruptedException {
        scheduler.run(() -> {
            Dht.start(first, config);
            var infos = new ArrayList<PeerInfo>();
            infos.add(first.info());
            for (int i = 0; i < 30; i++) {
                var host = network.host();
                join(host, config);
                infos.add(host.info());
            }
            var node = join(config);

            assertThat(node.closestPeers(key)).isEqualTo(Peers.closest(key, infos, 20));
        });
    }

    // ---- records

    @Test
    void a_record_outlives_the_node_that_put_it() throws IOException, InterruptedException {
        scheduler.run(() -> {
            Dht.start(first, config);
            for (int i = 0; i < 5; i++) {
                join(config);
            }
            var host = network.host();
            var putter = join(host, config);
            var note = note(1, "hello");

            assertThat(putter.put(note)).isEqualTo(6);
            putter.close();
            host.close();

            assertThat(join(config).get(note.key())).contains(note);
        });
    }

    @Test
    void the_newest_record_wins_wherever_it_is() throws IOException, InterruptedException {
        scheduler.run(() -> {
            var one = Dht.start(first, config);
            var two = join(config);
            var three = join(config);
            two.put(note(1, "old"));

            assertThat(three.put(note(2, "new"))).isEqualTo(2);

            assertThat(one.get(SignedNotes.key(owner)).map(SignedNotes::text)).contains("new");
            assertThatThrownBy(() -> two.put(note(1, "old")))
                    .isInstanceOf(RecordRefusedException.class)
                    .hasMessage("a better record is stored under the same key");
            assertThat(two.get(SignedNotes.key(owner)).map(SignedNotes::text)).contains("new");
        });
    }

    @Test
    void who_holds_an_old_record_or_none_is_given_the_best()
            throws IOException, InterruptedException {
        scheduler.run(() -> {
            Dht.start(first, config);
            var holder = join(config);
            var behind = join(config);
            var old = note(1, "old");
            var best = note(2, "best");
            var end = scheduler.now().plus(Duration.ofHours(1));
            holder.holdings().keep(best, end);
            behind.holdings().keep(old, end);
            var getter = join(config.withMode(DhtConfig.Mode.CLIENT));

            assertThat(getter.get(best.key())).contains(best);

            scheduler.sleep(Duration.ofSeconds(1));
            for (var node : List.of(holder, behind)) {
                assertThat(node.holdings().record(best.key()).map(HeldRecord::record))
                        .contains(best);
            }
        });
    }

    @Test
    void bad_records_and_unknown_kinds_are_refused_before_anybody_is_asked()
            throws IOException, InterruptedException {
        scheduler.run(() -> {
            var node = Dht.start(first, config);
            var good = note(1, "good");
            var unknown = ByteString.copyFromUtf8("/unknown/x");
            var huge = new DhtRecord(good.key(), ByteString.copyFrom(new byte[8 * 1024 + 1]));

            refuses(node, new DhtRecord(good.key(), ByteString.EMPTY), "bad signature");
            refuses(
                    node,
                    SignedNotes.note(owner, 1, scheduler.now(), "late"),
                    "ended at 2026-01-01T00:00:00Z");
            refuses(node, huge, "value of 8193 bytes, limit 8192");
            refuses(
                    node,
                    new DhtRecord(unknown, ByteString.EMPTY),
                    "no validator for records of namespace \"unknown\"");
            refuses(
                    node,
                    new DhtRecord(ByteString.copyFromUtf8("x"), ByteString.EMPTY),
                    "record key does not begin with /namespace/");
            assertThatThrownBy(() -> node.get(unknown)).isInstanceOf(RecordRefusedException.class);
        });
    }

    @Test
    void a_record_is_put_again_until_its_end_and_gone_then()
            throws IOException, InterruptedException {
        scheduler.run(() -> {
            var daily =
                    config.withIntervals(
                            DhtConfig.Intervals.defaults()
                                    .withRecords(Duration.ofHours(1), Duration.ofHours(3)));
            var reader = Dht.start(first, daily);
            var putter = join(daily);
            scheduler.sleep(Duration.ofSeconds(1));
            int threads = putter.background().size();
            var end = scheduler.now().plus(Duration.ofHours(24));
            putter.put(SignedNotes.note(owner, 1, end, "for a day"));

            scheduler.sleep(Duration.ofHours(23));
            assertThat(reader.get(SignedNotes.key(owner))).isPresent();
            scheduler.sleep(Duration.ofHours(2));

            assertThat(reader.get(SignedNotes.key(owner))).isEmpty();
            assertThat(putter.background().size()).isEqualTo(threads);
        });
    }

    // ---- leaving

    @Test
    void closing_ends_everything_but_the_host() throws IOException, InterruptedException {
        scheduler.run(() -> {
            Dht.start(first, config);
            var host = network.host();
            var node = join(host, config);
            node.provide(key);
            node.put(note(1, "x"));

            node.close();
            node.close();

            assertThat(node.background().size()).isZero();
            assertThat(host.protocols()).isEmpty();
            assertThat(host.connections()).isNotEmpty();
            assertThatThrownBy(() -> node.provide(key))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("this DHT is closed");
            Dht.start(host, config).close();
        });
    }

    @Test
    void one_host_serves_a_protocol_once() throws IOException, InterruptedException {
        scheduler.run(() -> {
            Dht.start(first, config);

            assertThatThrownBy(() -> Dht.start(first, config))
                    .isInstanceOf(IllegalStateException.class);
        });
    }

    @Test
    void a_caller_may_stop_waiting() throws IOException, InterruptedException {
        scheduler.run(() -> {
            Dht.start(first, config);
            var node = join(config);
            scheduler.sleep(Duration.ofSeconds(1));
            first.vanish();
            var stopped = new ArrayList<InterruptedException>();
            var caller =
                    scheduler.fork(
                            "caller",
                            () -> {
                                try {
                                    node.findProviders(key, 1);
                                } catch (InterruptedException expected) {
                                    stopped.add(expected);
                                }
                            });

            scheduler.sleep(Duration.ofMillis(100));
            caller.interrupt();
            caller.join();

            assertThat(stopped).hasSize(1);
        });
    }

    private Dht join(DhtConfig joining) throws IOException, InterruptedException {
        return join(network.host(), joining);
    }

    private Dht join(FakeHost host, DhtConfig joining) throws IOException, InterruptedException {
        var node = Dht.start(host, joining);
        node.bootstrap(List.of(first.info()));
        return node;
    }

    private DhtRecord note(long sequence, String text) {
        return SignedNotes.note(owner, sequence, scheduler.now().plus(Duration.ofHours(1)), text);
    }

    private static void refuses(Dht node, DhtRecord record, String reason) {
        assertThatThrownBy(() -> node.put(record))
                .isInstanceOf(RecordRefusedException.class)
                .hasMessage(reason);
    }
}
