package tensorlink.dht;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import tensorlink.dht.wire.Message;
import tensorlink.dht.wire.Peer;
import tensorlink.dht.wire.Record;
import tensorlink.p2p.core.ProtocolId;
import tensorlink.p2p.core.ProtocolViolation;
import tensorlink.p2p.core.Stream;
import tensorlink.p2p.core.StreamResetException;
import tensorlink.p2p.core.StreamTimeoutException;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.PeerInfo;

/** What a server answers on streams that a stranger opens and writes to byte by byte. */
class KadServerTest {
    private static final ProtocolId KAD = ProtocolId.of("/test/kad/1.0.0");

    private final SimulatedScheduler scheduler = new SimulatedScheduler();
    private final FakeNetwork network = new FakeNetwork(scheduler, Duration.ofMillis(10));
    private final DhtConfig config =
            DhtConfig.defaults(KAD)
                    .withScheduler(scheduler)
                    .withValidator(SignedNotes.NAMESPACE, new SignedNotes());
    private final KadCodec codec = new KadCodec(config);
    private final FakeHost host = network.host();
    private final FakeHost stranger = network.host();
    private final Key key = Key.named("something");

    @Test
    void answers_one_question_after_the_other_on_one_stream()
            throws IOException, InterruptedException {
        scheduler.run(() -> {
            serve();
            var stream = open();

            for (int i = 0; i < 10; i++) {
                assertThat(ask(stream, new KadRequest.FindNode(key)).closer()).isEmpty();
                assertThat(ask(stream, new KadRequest.Ping()).closer()).isEmpty();
                assertThat(ask(stream, new KadRequest.GetProviders(key)).providers()).isEmpty();
                assertThat(ask(stream, new KadRequest.GetValue(key)).record()).isEmpty();
            }

            stream.closeWrite();
            assertThat(stream.read(MemorySegment.ofArray(new byte[1]))).isEqualTo(-1);
            assertThat(host.failures()).isEmpty();
        });
    }

    @Test
    void a_question_in_single_bytes_is_the_same_question()
            throws IOException, InterruptedException {
        scheduler.run(() -> {
            serve();
            var stream = open();
            var question = codec.encode(new KadRequest.GetProviders(key));

            writeByteByByte(stream, framed(question));

            var answer = stream.readMessage(KadCodec.MESSAGE_BYTES_MAX);
            assertThat(codec.decodeResponse(new KadRequest.GetProviders(key), answer))
                    .isEqualTo(KadResponse.closer(List.of()));
        });
    }

    @Test
    void names_the_twenty_closest_and_never_the_asker_or_itself()
            throws IOException, InterruptedException {
        scheduler.run(() -> {
            serve();
            var known = new ArrayList<PeerInfo>();
            for (int i = 0; i < 40; i++) {
                known.add(join().info());
            }
            var asker = join();
            scheduler.sleep(Duration.ofSeconds(1));
            var stream = asker.connect(host.info()).open(KAD);

            var closer = ask(stream, new KadRequest.FindNode(key)).closer();

            assertThat(closer).hasSize(20).isSubsetOf(known);
            assertThat(closer).isEqualTo(Peers.closest(key, closer, 20));
            for (var target : List.of(asker.id(), host.id())) {
                assertThat(ask(stream, new KadRequest.FindNode(Key.of(target))).closer())
                        .hasSize(20)
                        .extracting(PeerInfo::id)
                        .doesNotContain(asker.id(), host.id());
            }
        });
    }

    @Test
    void tells_where_a_peer_is_that_only_asks() throws IOException, InterruptedException {
        scheduler.run(() -> {
            serve();
            var client = network.host();
            Dht.start(client, config.withMode(DhtConfig.Mode.CLIENT))
                    .bootstrap(List.of(host.info()));

            var closer = ask(open(), new KadRequest.FindNode(Key.of(client.id()))).closer();

            assertThat(closer).containsExactly(client.info());
        });
    }

    @Test
    void an_announcement_gets_no_answer_and_counts_only_for_its_sender()
            throws IOException, InterruptedException {
        scheduler.run(() -> {
            serve();
            var stream = open();
            var moved = new PeerInfo(stranger.id(), List.of(Peers.address(9)));
            var third = Peers.peer(5);

            tell(stream, new KadRequest.AddProvider(key, List.of(third, moved)));

            var answer = ask(stream, new KadRequest.GetProviders(key));
            assertThat(answer.providers()).containsExactly(moved);
            assertThat(host.failures()).isEmpty();
        });
    }

    @Test
    void an_announcement_without_addresses_means_those_of_identify()
            throws IOException, InterruptedException {
        scheduler.run(() -> {
            serve();
            var stream = open();
            scheduler.sleep(Duration.ofSeconds(1));

            tell(
                    stream,
                    new KadRequest.AddProvider(
                            key, List.of(new PeerInfo(stranger.id(), List.of()))));

            assertThat(ask(stream, new KadRequest.GetProviders(key)).providers())
                    .containsExactly(stranger.info());
        });
    }

    @Test
    void a_good_record_is_echoed_and_returned() throws IOException, InterruptedException {
        scheduler.run(() -> {
            serve();
            var stream = open();
            var put = new KadRequest.PutValue(note(1, "first"));

            stream.writeMessage(codec.encode(put));
            var echo = stream.readMessage(KadCodec.MESSAGE_BYTES_MAX);

            assertThat(echo).isEqualTo(codec.encode(put));
            var key = Key.of(put.record().record().key());
            assertThat(ask(stream, new KadRequest.GetValue(key)).record())
                    .map(HeldRecord::record)
                    .contains(put.record().record());
        });
    }

    @Test
    void an_older_record_is_refused_without_blame() throws IOException, InterruptedException {
        scheduler.run(() -> {
            serve();
            var newer = note(2, "second");
            ask(open(), new KadRequest.PutValue(newer));

            assertRefused(new KadRequest.PutValue(note(1, "first")));

            assertThat(host.failures())
                    .singleElement()
                    .isInstanceOf(RecordRefusedException.class)
                    .asString()
                    .contains("a better one is held");
            assertThat(held()).contains(newer.record());
        });
    }

    @Test
    void a_record_of_an_unknown_kind_is_refused_without_blame()
            throws IOException, InterruptedException {
        scheduler.run(() -> {
            serve();
            var record = new DhtRecord(ByteString.copyFromUtf8("/other/1"), ByteString.EMPTY);

            assertRefused(new KadRequest.PutValue(new HeldRecord(record, scheduler.now())));

            assertThat(host.failures())
                    .singleElement()
                    .isInstanceOf(RecordRefusedException.class)
                    .asString()
                    .contains("no validator for records of namespace \"other\"");
        });
    }

    @Test
    void a_forged_or_ended_record_breaks_the_protocol() throws IOException, InterruptedException {
        scheduler.run(() -> {
            serve();
            var good = note(3, "good").record();
            var bytes = good.value().toByteArray();
            bytes[bytes.length - 1] ^= 1;
            var forged = new DhtRecord(good.key(), ByteString.copyFrom(bytes));
            var other = KeyPair.ofSeed(ByteString.copyFrom(new byte[32]));
            var end = scheduler.now().plusSeconds(9);
            var stolen = new DhtRecord(good.key(), SignedNotes.note(other, 9, end, "x").value());
            var ended = SignedNotes.note(owner(), 9, scheduler.now(), "late");

            for (var bad : List.of(forged, stolen, ended)) {
                assertRefused(new KadRequest.PutValue(new HeldRecord(bad, scheduler.now())));
            }

            assertThat(host.failures())
                    .hasSize(3)
                    .allSatisfy(failure ->
                            assertThat(failure)
                                    .isInstanceOf(ProtocolViolation.class)
                                    .hasMessageContaining("record: "));
            assertThat(held()).isEmpty();
        });
    }

    @Test
    void a_bad_message_ends_its_stream_leaves_nothing_and_disturbs_no_other()
            throws IOException, InterruptedException {
        scheduler.run(() -> {
            var dht = serve();
            var bystander = open();
            ask(bystander, new KadRequest.Ping());
            var peer = Peer.newBuilder().setId(Peers.id(1).multihash());
            var crowd = message(Message.Type.ADD_PROVIDER).setKey(key.bytes());
            for (int i = 0; i < 10_000; i++) {
                crowd.addProviderPeers(peer);
            }
            var large = ByteString.copyFrom(new byte[10 * 1024]);
            var bad =
                    List.of(
                            bytes(Message.newBuilder().setTypeValue(6).setKey(key.bytes())),
                            bytes(message(Message.Type.FIND_NODE)),
                            bytes(message(Message.Type.FIND_NODE).setKey(large)),
                            bytes(message(Message.Type.ADD_PROVIDER)),
                            bytes(message(Message.Type.ADD_PROVIDER).setKey(large)),
                            bytes(message(Message.Type.GET_PROVIDERS).setKey(large)),
                            bytes(message(Message.Type.PUT_VALUE).setKey(key.bytes())),
                            bytes(
                                    message(Message.Type.PUT_VALUE)
                                            .setKey(key.bytes())
                                            .setRecord(Record.newBuilder().setKey(large))),
                            bytes(crowd).substring(0, 60_000),
                            ByteString.copyFromUtf8("GET / HTTP/1.1\r\n\r\n"),
                            ByteString.copyFrom(new byte[] {0x0b}));

            for (var message : bad) {
                var stream = open();
                stream.writeMessage(message);
                assertThatThrownBy(() -> stream.readMessage(KadCodec.MESSAGE_BYTES_MAX))
                        .isInstanceOf(StreamResetException.class);
            }

            assertThat(host.failures())
                    .hasSize(bad.size())
                    .allSatisfy(
                            failure -> assertThat(failure).isInstanceOf(ProtocolViolation.class));
            assertThat(host.bugs()).isEmpty();
            assertThat(dht.holdings().size()).isZero();
            assertThat(ask(bystander, new KadRequest.GetProviders(key)).providers()).isEmpty();
        });
    }

    @Test
    void a_message_over_the_limit_is_refused_by_its_length_alone()
            throws IOException, InterruptedException {
        scheduler.run(() -> {
            serve();
            for (var length : List.of("818004", "ffffffff07", "ffffffffffffffff7f", "8100")) {
                var stream = open();

                stream.write(MemorySegment.ofArray(HexFormat.of().parseHex(length)));

                assertThatThrownBy(() -> stream.readMessage(1))
                        .as(length)
                        .isInstanceOf(StreamResetException.class);
            }
            assertThat(host.failures())
                    .hasSize(4)
                    .allSatisfy(
                            failure -> assertThat(failure).isInstanceOf(ProtocolViolation.class));
            assertThat(host.failures().getFirst())
                    .hasMessageContaining("message of 65537 bytes, limit 65536");
        });
    }

    @Test
    void a_message_at_the_limit_is_read() throws IOException, InterruptedException {
        scheduler.run(() -> {
            serve();
            var stream = open();
            var question = codec.encode(new KadRequest.FindNode(key));
            // Field 99, which nobody knows, fills it up.
            int filling = KadCodec.MESSAGE_BYTES_MAX - question.size() - 5;
            var filled =
                    question.concat(ByteString.fromHex("9a06"))
                            .concat(varint3(filling))
                            .concat(ByteString.copyFrom(new byte[filling]));
            assertThat(filled.size()).isEqualTo(64 * 1024);

            stream.writeMessage(filled);

            assertThat(stream.readMessage(KadCodec.MESSAGE_BYTES_MAX).isEmpty()).isFalse();
        });
    }

    @Test
    void a_stream_without_questions_ends_after_a_minute() throws IOException, InterruptedException {
        scheduler.run(() -> {
            serve();
            var stream = open();
            ask(stream, new KadRequest.Ping());

            scheduler.sleep(Duration.ofSeconds(59));
            ask(stream, new KadRequest.Ping());
            scheduler.sleep(Duration.ofSeconds(61));

            assertThatThrownBy(() -> ask(stream, new KadRequest.Ping()))
                    .isInstanceOf(StreamResetException.class);
            assertThat(host.failures()).singleElement().isInstanceOf(StreamTimeoutException.class);
        });
    }

    @Test
    void a_question_that_drips_in_gains_no_time() throws IOException, InterruptedException {
        scheduler.run(() -> {
            serve();
            var stream = open();
            var start = scheduler.now();

            assertThatThrownBy(
                            () -> {
                                for (byte one :
                                        framed(codec.encode(new KadRequest.FindNode(key)))) {
                                    stream.write(MemorySegment.ofArray(new byte[] {one}));
                                    scheduler.sleep(Duration.ofSeconds(5));
                                }
                            })
                    .isInstanceOf(StreamResetException.class);

            assertThat(Duration.between(start, scheduler.now())).isLessThan(Duration.ofSeconds(70));
        });
    }

    @Test
    void who_never_reads_holds_one_stream_for_a_minute_at_most()
            throws IOException, InterruptedException {
        scheduler.run(() -> {
            serve();
            for (int i = 0; i < 30; i++) {
                join();
            }
            var stream = open();
            var start = scheduler.now();

            assertThatThrownBy(
                            () -> {
                                while (true) {
                                    tell(stream, new KadRequest.FindNode(key));
                                }
                            })
                    .isInstanceOf(StreamResetException.class);

            assertThat(Duration.between(start, scheduler.now())).isLessThan(Duration.ofSeconds(61));
            assertThat(ask(open(), new KadRequest.FindNode(key)).closer()).hasSize(20);
        });
    }

    @Test
    void one_peer_has_sixteen_streams_at_a_time() throws IOException, InterruptedException {
        scheduler.run(() -> {
            serve();
            var streams = new ArrayList<Stream>();
            for (int i = 0; i < 16; i++) {
                streams.add(open());
                ask(streams.getLast(), new KadRequest.Ping());
            }

            assertThatThrownBy(() -> ask(open(), new KadRequest.Ping()))
                    .isInstanceOf(StreamResetException.class);

            var other = network.host();
            ask(other.connect(host.info()).open(KAD), new KadRequest.Ping());
            streams.getFirst().close();
            scheduler.sleep(Duration.ofSeconds(1));
            ask(open(), new KadRequest.Ping());
            assertThat(host.failures()).hasSize(1);
        });
    }

    @Test
    void a_question_followed_by_the_end_of_the_stream_is_answered()
            throws IOException, InterruptedException {
        scheduler.run(() -> {
            serve();
            var stream = open();

            stream.writeMessage(codec.encode(new KadRequest.Ping()));
            stream.closeWrite();

            assertThat(stream.readMessage(KadCodec.MESSAGE_BYTES_MAX).isEmpty()).isFalse();
            assertThat(stream.read(MemorySegment.ofArray(new byte[1]))).isEqualTo(-1);
        });
    }

    private Dht serve() {
        return Dht.start(host, config);
    }

    /** A further server that knows the first one. */
    private FakeHost join() throws IOException, InterruptedException {
        var joining = network.host();
        Dht.start(joining, config).bootstrap(List.of(host.info()));
        return joining;
    }

    private Stream open() throws IOException, InterruptedException {
        return stranger.connect(host.info()).open(KAD);
    }

    private void tell(Stream stream, KadRequest request) throws IOException, InterruptedException {
        stream.writeMessage(codec.encode(request));
    }

    private KadResponse ask(Stream stream, KadRequest request)
            throws IOException, InterruptedException {
        tell(stream, request);
        return codec.decodeResponse(request, stream.readMessage(KadCodec.MESSAGE_BYTES_MAX));
    }

    private void assertRefused(KadRequest request) throws IOException, InterruptedException {
        var stream = open();
        assertThatThrownBy(() -> ask(stream, request)).isInstanceOf(StreamResetException.class);
    }

    private Optional<DhtRecord> held() throws IOException, InterruptedException {
        var place = Key.of(SignedNotes.key(owner()));
        return ask(open(), new KadRequest.GetValue(place)).record().map(HeldRecord::record);
    }

    private HeldRecord note(long sequence, String text) {
        var end = scheduler.now().plus(Duration.ofHours(1));
        return new HeldRecord(SignedNotes.note(owner(), sequence, end, text), scheduler.now());
    }

    private static KeyPair owner() {
        return KeyPair.ofSeed(ByteString.copyFromUtf8("a seed of thirty-two characters!"));
    }

    private static void writeByteByByte(Stream stream, byte[] bytes)
            throws IOException, InterruptedException {
        for (byte one : bytes) {
            stream.write(MemorySegment.ofArray(new byte[] {one}));
        }
    }

    private static byte[] framed(ByteString message) {
        assertThat(message.size()).isLessThan(128);
        return ByteString.copyFrom(new byte[] {(byte) message.size()})
                .concat(message)
                .toByteArray();
    }

    private static ByteString varint3(int value) {
        return ByteString.copyFrom(
                new byte[] {
                    (byte) (value | 0x80), (byte) (value >>> 7 | 0x80), (byte) (value >>> 14)
                });
    }

    private static Message.Builder message(Message.Type type) {
        return Message.newBuilder().setType(type);
    }

    private static ByteString bytes(Message.Builder message) {
        return message.build().toByteString();
    }
}
