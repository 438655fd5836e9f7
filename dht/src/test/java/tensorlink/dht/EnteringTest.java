package tensorlink.dht;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import tensorlink.p2p.core.ProtocolId;
import tensorlink.p2p.peer.PeerInfo;

/** Ways in that fail, lie, come late or lead to half of the network, in virtual time. */
class EnteringTest {
    private static final long SEED = 5;

    private final SimulatedScheduler scheduler = new SimulatedScheduler();
    private final FakeNetwork network = new FakeNetwork(scheduler, Duration.ofMillis(10));
    private final Random random = new Random(SEED);
    private final DhtConfig config =
            DhtConfig.defaults(ProtocolId.of("/test/kad/1.0.0"))
                    .withScheduler(scheduler)
                    .withRandom(random);

    @Test
    void all_sources_are_asked_at_once_and_one_good_peer_among_them_is_enough()
            throws IOException, InterruptedException {
        scheduler.run(() -> {
            var seed = network.host();
            Dht.start(seed, config);
            var node = Dht.start(network.host(), config);
            var start = scheduler.now();

            var report =
                    node.enter(
                            List.of(
                                    PeerSource.of("configuration", List.of(Peers.peer(1))),
                                    source(
                                            "name",
                                            () -> {
                                                throw new UnknownHostException("no such name");
                                            }),
                                    source(
                                            "hanging",
                                            () -> {
                                                scheduler.sleep(Duration.ofDays(1));
                                                return List.of();
                                            }),
                                    source("chain", () -> List.of(seed.info()))));

            assertThat(report.answered()).containsExactly(seed.info());
            assertThat(report.failures()).hasSize(1);
            assertThat(Duration.between(start, scheduler.now()))
                    .isLessThan(config.timeouts().request().multipliedBy(2));
            assertThat(node.entrances().sources().toString())
                    .contains("name=name, peers=0, problem=Optional[no such name]")
                    .contains("name=hanging, peers=0, problem=Optional[no answer within PT2S]")
                    .contains("name=chain, peers=1, problem=Optional.empty");
        });
    }

    @Test
    void with_all_seeds_down_it_says_why_tries_on_and_merges_without_a_restart()
            throws IOException, InterruptedException {
        scheduler.run(() -> {
            var seed = network.host(); // serves nothing yet
            var other = network.host();
            other.vanish();
            var node = Dht.start(network.host(), config);

            assertThatThrownBy(() ->
                            node.enter(
                                    List.of(
                                            PeerSource.of("descriptor", List.of(seed.info())),
                                            PeerSource.of("invitation", List.of(other.info())))))
                    .isInstanceOf(BootstrapException.class);
            scheduler.sleep(Duration.ofHours(1));

            var failed = node.entrances().failed();
            assertThat(failed)
                    .extracting(entrance -> entrance.sources().getFirst())
                    .containsExactly("descriptor", "invitation");
            for (var entrance : failed) {
                var failure = entrance.failure().orElseThrow();
                assertThat(failure.times()).isBetween(50, 80);
                assertThat(failure.again()).isAfter(failure.at());
            }
            Dht.start(seed, config);
            scheduler.sleep(Duration.ofSeconds(70));
            assertThat(node.table().peers()).isEqualTo(1);
            assertThat(node.entrances().failed())
                    .extracting(EntranceReport.Entrance::peer)
                    .containsExactly(other.info());
        });
    }

    @Test
    void a_source_with_news_is_heard_within_two_seconds() throws IOException, InterruptedException {
        scheduler.run(() -> {
            var heard = new AtomicReference<List<PeerInfo>>(List.of());
            var node = Dht.start(network.host(), config);
            var local = source("local network", heard::get);
            node.enter(List.of(local));
            scheduler.sleep(Duration.ofSeconds(30));
            var late = network.host();
            Dht.start(late, config);

            heard.set(List.of(late.info()));
            node.lookAgain(local);
            node.lookAgain(local);
            scheduler.sleep(Duration.ofSeconds(2));

            assertThat(node.table().peers()).isEqualTo(1);
        });
    }

    @Test
    void a_network_in_two_is_noticed_by_who_meets_the_other_half_and_becomes_one()
            throws IOException, InterruptedException {
        scheduler.run(() -> {
            var hosts = new ArrayList<FakeHost>();
            var one = half(8, hosts);
            var other = half(8, hosts);
            var otherSeed = hosts.get(8).info();
            scheduler.sleep(Duration.ofMinutes(30));
            for (var node : one) {
                assertThat(node.table().peers()).isEqualTo(7);
            }
            var watcher = one.getLast();
            var news = source("name", () -> List.of(otherSeed));

            watcher.lookAgain(news);

            boolean noticed = false;
            for (int second = 0; second < 10 && !noticed; second++) {
                scheduler.sleep(Duration.ofSeconds(1));
                noticed = watcher.entrances().split().isPresent();
            }
            assertThat(noticed).as("split noticed, seed %d", SEED).isTrue();
            scheduler.sleep(Duration.ofMinutes(40));
            assertThat(watcher.entrances().split()).isEmpty();
            for (var node : one) {
                assertThat(node.table().peers()).as("seed %d", SEED).isEqualTo(15);
            }
            for (var node : other) {
                assertThat(node.table().peers()).as("seed %d", SEED).isEqualTo(15);
            }
            for (var host : hosts) {
                assertThat(host.bugs()).isEmpty();
            }
        });
    }

    /** Nodes that know nothing of any others. */
    private List<Dht> half(int count, List<FakeHost> hosts)
            throws IOException, InterruptedException {
        var nodes = new ArrayList<Dht>();
        var seed = network.host();
        hosts.add(seed);
        nodes.add(Dht.start(seed, config));
        for (int i = 1; i < count; i++) {
            hosts.add(network.host());
            nodes.add(Dht.start(hosts.getLast(), config));
            nodes.getLast().bootstrap(List.of(seed.info()));
        }
        return nodes;
    }

    @Test
    void a_network_that_is_whole_is_never_called_split() throws IOException, InterruptedException {
        scheduler.run(() -> {
            var seeds = List.of(network.host(), network.host());
            Dht.start(seeds.getFirst(), config);
            var nodes = new ArrayList<Dht>();
            nodes.add(Dht.start(seeds.getLast(), config));
            nodes.getLast().bootstrap(List.of(seeds.getFirst().info()));
            for (int i = 0; i < 30; i++) {
                nodes.add(Dht.start(network.host(), config));
                nodes.getLast().bootstrap(List.of(seeds.getFirst().info(), seeds.getLast().info()));
            }

            for (int i = 0; i < 7; i++) {
                scheduler.sleep(Duration.ofMinutes(20));

                for (var node : nodes) {
                    assertThat(node.entrances().split()).as("seed %d", SEED).isEmpty();
                }
            }
        });
    }

    @Test
    void searches_differ_when_they_share_less_than_a_third() {
        assertThat(SplitCheck.differ(List.of(), Peers.peers(3))).isFalse();
        assertThat(SplitCheck.differ(Peers.peers(9).subList(0, 3), Peers.peers(9))).isFalse();
        assertThat(SplitCheck.differ(Peers.peers(6).subList(0, 3), Peers.peers(6).subList(2, 5)))
                .isFalse();
        assertThat(SplitCheck.differ(Peers.peers(9).subList(0, 4), Peers.peers(9).subList(3, 9)))
                .isTrue();
        assertThat(SplitCheck.differ(List.of(Peers.peer(1)), List.of(Peers.peer(2)))).isTrue();
    }

    private interface Peering {
        List<PeerInfo> peers() throws IOException, InterruptedException;
    }

    private static PeerSource source(String name, Peering peering) {
        return new PeerSource() {
            @Override
            public String name() {
                return name;
            }

            @Override
            public List<PeerInfo> peers() throws IOException, InterruptedException {
                return peering.peers();
            }
        };
    }
}
