package tensorlink.dht;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import tensorlink.dht.wire.Message;
import tensorlink.dht.wire.Peer;
import tensorlink.dht.wire.Record;
import tensorlink.p2p.core.ProtocolId;
import tensorlink.p2p.core.Stream;
import tensorlink.p2p.core.StreamHandler;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.PeerInfo;

/** What a node makes of peers that answer wrongly, late, without end or not at all. */
class BadPeersTest {
    private static final ProtocolId KAD = ProtocolId.of("/test/kad/1.0.0");

    private final SimulatedScheduler scheduler = new SimulatedScheduler();
    private final FakeNetwork network = new FakeNetwork(scheduler, Duration.ofMillis(10));
    private final DhtConfig config =
            DhtConfig.defaults(KAD)
                    .withScheduler(scheduler)
                    .withValidator(SignedNotes.NAMESPACE, new SignedNotes());
    private final KadCodec codec = new KadCodec(config);
    private final FakeHost honest = network.host();
    private final FakeHost provider = network.host();
    private final Key key = Key.named("something");

    @Test
    void a_bad_answer_costs_its_peer_the_place_and_the_lookup_nothing()
            throws IOException, InterruptedException {
        scheduler.run(() -> {
            var crowd = Message.newBuilder().setType(Message.Type.GET_PROVIDERS);
            for (int i = 1; i <= 21; i++) {
                crowd.addCloserPeers(Peer.newBuilder().setId(Peers.id(i).multihash()));
            }
            var swarm = Message.newBuilder().setType(Message.Type.GET_PROVIDERS);
            for (int i = 0; i < 10_000; i++) {
                swarm.addProviderPeers(Peer.getDefaultInstance());
            }
            var foreign =
                    Message.newBuilder()
                            .setType(Message.Type.GET_PROVIDERS)
                            .setRecord(Record.newBuilder().setKey(key.bytes()));
            Map<String, StreamHandler> handlers = new LinkedHashMap<>();
            handlers.put("no protobuf", answering(ByteString.copyFromUtf8("hello")));
            handlers.put("another type", answering(ByteString.fromHex("0804")));
            handlers.put("unknown type", answering(ByteString.fromHex("0863")));
            handlers.put("21 closer peers", answering(crowd.build().toByteString()));
            handlers.put("10,000 providers", answering(swarm.build().toByteString()));
            handlers.put("a record", answering(foreign.build().toByteString()));
            handlers.put(
                    "64 KiB and a byte",
                    stream -> {
                        stream.write(bytes("818004"));
                        read(stream);
                    });
            handlers.put(
                    "an endless length",
                    stream -> {
                        stream.write(bytes("ffffffffffffffffffff"));
                        read(stream);
                    });
            serveAndProvide();

            for (var bad : handlers.entrySet()) {
                var finder = join();
                var evil = network.host();
                evil.handle(KAD, wellBehavedUntilAskedForProviders(bad.getValue()));
                meet(finder, evil);

                var start = scheduler.now();
                var found = finder.findProviders(key, 1_000);

                assertThat(found).as(bad.getKey()).containsExactly(provider.info());
                assertThat(Duration.between(start, scheduler.now()))
                        .as(bad.getKey())
                        .isLessThan(Duration.ofSeconds(1));
                assertThat(finder.contacts().table().contains(evil.id()))
                        .as(bad.getKey())
                        .isFalse();
                finder.close();
            }
        });
    }

    @Test
    void a_peer_that_never_answers_delays_a_lookup_by_seconds_only()
            throws IOException, InterruptedException {
        scheduler.run(() -> {
            serveAndProvide();
            var finder = join();
            var evil = network.host();
            evil.handle(
                    KAD, wellBehavedUntilAskedForProviders(stream -> FakeNetwork.waitForever()));
            meet(finder, evil);
            var start = scheduler.now();

            var found = finder.findProviders(key, 1_000);

            assertThat(found).containsExactly(provider.info());
            assertThat(Duration.between(start, scheduler.now()))
                    .isLessThanOrEqualTo(Duration.ofSeconds(11));
        });
    }

    @Test
    void an_answer_that_drips_in_gains_no_time() throws IOException, InterruptedException {
        scheduler.run(() -> {
            var evil = network.host();
            evil.handle(
                    KAD,
                    stream -> {
                        read(stream);
                        stream.write(bytes("ff7f"));
                        while (true) {
                            scheduler.sleep(Duration.ofSeconds(3));
                            stream.write(bytes("00"));
                        }
                    });
            var finder = Dht.start(network.host(), config);
            var start = scheduler.now();

            var report = failedBootstrap(finder, evil);

            assertThat(report.failures().getFirst().cause())
                    .hasMessage("not finished within PT10S");
            assertThat(Duration.between(start, scheduler.now()))
                    .isBetween(Duration.ofSeconds(10), Duration.ofSeconds(11));
        });
    }

    @Test
    void a_late_answer_reaches_nobody() throws IOException, InterruptedException {
        scheduler.run(() -> {
            var questions = new AtomicInteger();
            var evil = network.host();
            evil.handle(
                    KAD,
                    stream -> {
                        while (true) {
                            var question = read(stream);
                            if (questions.incrementAndGet() == 2) {
                                scheduler.sleep(Duration.ofSeconds(15));
                            }
                            stream.writeMessage(question);
                        }
                    });
            var client = new KadClient(honest, config, codec);
            client.ask(evil.info(), new KadRequest.FindNode(key));

            assertThat(asksInVain(client, evil)).isTrue();
            scheduler.sleep(Duration.ofSeconds(20));
            var answer = client.ask(evil.info(), new KadRequest.FindNode(key));

            assertThat(answer).isEqualTo(KadResponse.closer(List.of()));
            assertThat(questions).hasValue(3);
        });
    }

    @Test
    void peers_that_name_ever_closer_peers_cannot_keep_a_lookup_going()
            throws IOException, InterruptedException {
        scheduler.run(() -> {
            var asked = new AtomicInteger();
            var inventions = new ArrayList<FakeHost>();
            for (int i = 0; i < 300; i++) {
                inventions.add(network.host());
            }
            var order = new ArrayList<PeerInfo>();
            inventions.forEach(host -> order.add(host.info()));
            var closest = Peers.closest(key, order, 300);
            for (var host : inventions) {
                int rank = closest.indexOf(host.info());
                host.handle(
                        KAD,
                        stream -> {
                            while (true) {
                                var request = codec.decodeRequest(read(stream));
                                asked.incrementAndGet();
                                var two = closest.subList(Math.max(0, rank - 2), rank);
                                stream.writeMessage(codec.encode(request, KadResponse.closer(two)));
                            }
                        });
            }
            var finder = Dht.start(honest, config);
            finder.bootstrap(List.of(closest.getLast()));
            scheduler.sleep(Duration.ofMinutes(1));
            asked.set(0);
            var start = scheduler.now();

            var lookup = finder.lookUp(key);

            assertThat(lookup.asked()).isEqualTo(60);
            assertThat(Duration.between(start, scheduler.now())).isLessThan(Duration.ofMinutes(1));
        });
    }

    @Test
    void peers_that_name_only_peers_nobody_can_reach_end_a_lookup_in_time()
            throws IOException, InterruptedException {
        scheduler.run(() -> {
            var names = new AtomicInteger(1_000);
            var gone = network.host();
            gone.vanish();
            var evil = network.host();
            evil.handle(
                    KAD,
                    stream -> {
                        while (true) {
                            var request = codec.decodeRequest(read(stream));
                            var invented = new ArrayList<PeerInfo>();
                            for (int i = 0; i < 20; i++) {
                                invented.add(
                                        new PeerInfo(
                                                Peers.id(names.incrementAndGet()),
                                                gone.addresses()));
                            }
                            stream.writeMessage(
                                    codec.encode(request, KadResponse.closer(invented)));
                        }
                    });
            var finder = Dht.start(honest, config);
            var start = scheduler.now();

            finder.bootstrap(List.of(evil.info()));
            var found = finder.closestPeers(key);

            assertThat(found).containsExactly(evil.info());
            assertThat(Duration.between(start, scheduler.now())).isLessThan(Duration.ofMinutes(2));
            assertThat(finder.table().peers()).isEqualTo(1);
            assertThat(honest.peers().peers()).containsExactly(evil.id());
        });
    }

    @Test
    void an_invented_address_leads_to_nobody_and_the_right_one_still_counts()
            throws IOException, InterruptedException {
        scheduler.run(() -> {
            serveAndProvide();
            var liar = network.host();
            var wrong = new PeerInfo(provider.id(), liar.addresses());
            liar.handle(
                    KAD,
                    stream -> {
                        while (true) {
                            var request = codec.decodeRequest(read(stream));
                            stream.writeMessage(
                                    codec.encode(request, KadResponse.closer(List.of(wrong))));
                        }
                    });
            var host = network.host();
            var finder = Dht.start(host, config);
            finder.bootstrap(List.of(liar.info(), honest.info()));

            var found = finder.findPeer(provider.id());

            assertThat(found).contains(provider.info());
        });
    }

    @Test
    void who_does_not_identify_is_asked_but_told_to_nobody()
            throws IOException, InterruptedException {
        scheduler.run(() -> {
            var shy = network.host();
            shy.stayUnidentified();
            Dht.start(shy, config);
            var server = Dht.start(honest, config);

            server.bootstrap(List.of(shy.info()));

            assertThat(server.closestPeers(key)).containsExactly(shy.info());
            assertThat(server.table().peers()).isZero();
            var asker = network.host();
            var client = new KadClient(asker, config, codec);
            var answer = client.ask(honest.info(), new KadRequest.FindNode(key));
            assertThat(answer.closer()).isEmpty();
        });
    }

    @Test
    void a_bad_record_is_dropped_and_a_good_one_found() throws IOException, InterruptedException {
        scheduler.run(() -> {
            var owner = KeyPair.ofSeed(ByteString.copyFrom(new byte[32]));
            var end = scheduler.now().plus(Duration.ofHours(1));
            var good = SignedNotes.note(owner, 1, end, "good");
            var forged = new DhtRecord(good.key(), good.value().substring(1));
            var ended = SignedNotes.note(owner, 9, scheduler.now(), "ended");
            var holders = new ArrayList<PeerInfo>();
            for (var record : List.of(forged, ended, good)) {
                var host = network.host();
                host.handle(
                        KAD,
                        stream -> {
                            while (true) {
                                answerWith(stream, record);
                            }
                        });
                holders.add(host.info());
            }
            var finder = Dht.start(honest, config);
            finder.bootstrap(holders);

            var found = finder.get(good.key());

            assertThat(found).contains(good);
        });
    }

    private void answerWith(Stream stream, DhtRecord record)
            throws IOException, InterruptedException {
        var request = codec.decodeRequest(read(stream));
        var none = KadResponse.closer(List.of());
        var answer =
                request instanceof KadRequest.GetValue
                        ? new KadResponse(
                                Optional.of(new HeldRecord(record, scheduler.now())),
                                List.of(),
                                List.of())
                        : none;
        stream.writeMessage(codec.encode(request, answer));
    }

    /** An honest server, and a provider of {@link #key} that it knows. */
    private void serveAndProvide() throws IOException, InterruptedException {
        Dht.start(honest, config);
        var providing = Dht.start(provider, config);
        providing.bootstrap(List.of(honest.info()));
        assertThat(providing.provide(key)).isEqualTo(1);
    }

    private Dht join() throws IOException, InterruptedException {
        var joining = Dht.start(network.host(), config);
        joining.bootstrap(List.of(honest.info()));
        return joining;
    }

    /** Makes {@code finder} take {@code evil} into its table. */
    private void meet(Dht finder, FakeHost evil) throws IOException, InterruptedException {
        finder.bootstrap(List.of(evil.info()));
        scheduler.sleep(Duration.ofSeconds(1));
        assertThat(finder.contacts().table().contains(evil.id())).isTrue();
    }

    private StreamHandler wellBehavedUntilAskedForProviders(StreamHandler then) {
        return stream -> {
            while (true) {
                var request = codec.decodeRequest(read(stream));
                if (request instanceof KadRequest.GetProviders) {
                    then.handle(stream);
                    return;
                }
                stream.writeMessage(codec.encode(request, KadResponse.closer(List.of())));
            }
        };
    }

    private static StreamHandler answering(ByteString message) {
        return stream -> {
            stream.writeMessage(message);
            read(stream);
        };
    }

    private BootstrapReport failedBootstrap(Dht dht, FakeHost seed) throws InterruptedException {
        try {
            dht.bootstrap(List.of(seed.info()));
            throw new AssertionError("bootstrap succeeded");
        } catch (BootstrapException expected) {
            return expected.report();
        }
    }

    private boolean asksInVain(KadClient client, FakeHost host) throws InterruptedException {
        try {
            client.ask(host.info(), new KadRequest.FindNode(key));
            return false;
        } catch (IOException expected) {
            return true;
        }
    }

    private static ByteString read(Stream stream) throws IOException, InterruptedException {
        return stream.readMessage(KadCodec.MESSAGE_BYTES_MAX);
    }

    private static MemorySegment bytes(String hex) {
        return MemorySegment.ofArray(ByteString.fromHex(hex).toByteArray());
    }
}
