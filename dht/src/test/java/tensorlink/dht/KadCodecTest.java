package tensorlink.dht;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnknownFieldSet;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import tensorlink.dht.wire.Message;
import tensorlink.dht.wire.Peer;
import tensorlink.dht.wire.Record;
import tensorlink.p2p.core.ProtocolId;
import tensorlink.p2p.core.ProtocolViolation;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.PeerInfo;

class KadCodecTest {
    private static final Instant NOON = Instant.parse("2026-01-01T12:00:00Z");

    private final KadCodec codec =
            new KadCodec(DhtConfig.defaults(ProtocolId.of("/test/kad/1.0.0")));
    private final Key key = Key.of(utf8("/ns/key"));
    private final HeldRecord held = new HeldRecord(new DhtRecord(key.bytes(), utf8("value")), NOON);
    private final List<PeerInfo> two = List.of(Peers.peer(1), Peers.peer(2));

    @Test
    void every_request_comes_back_as_it_was() throws ProtocolViolation {
        var requests =
                List.of(
                        new KadRequest.FindNode(key),
                        new KadRequest.GetValue(key),
                        new KadRequest.PutValue(held),
                        new KadRequest.GetProviders(key),
                        new KadRequest.AddProvider(key, two),
                        new KadRequest.Ping());

        for (var request : requests) {
            assertThat(codec.decodeRequest(codec.encode(request))).isEqualTo(request);
        }
    }

    @Test
    void every_answer_comes_back_as_it_was() throws ProtocolViolation {
        var get = new KadRequest.GetValue(key);
        var answer = new KadResponse(Optional.of(held), two, List.of(Peers.peer(3)));

        assertThat(codec.decodeResponse(get, codec.encode(get, answer))).isEqualTo(answer);
        var put = new KadRequest.PutValue(held);
        var echo = new KadResponse(Optional.of(held), List.of(), List.of());
        assertThat(codec.decodeResponse(put, codec.encode(put, echo))).isEqualTo(echo);
        var find = new KadRequest.FindNode(key);
        var nothing = KadResponse.closer(List.of());
        assertThat(codec.decodeResponse(find, codec.encode(find, nothing))).isEqualTo(nothing);
    }

    @Test
    void messages_have_the_bytes_of_the_specification() {
        var record = new DhtRecord(utf8("/a/b"), utf8("v"));

        assertThat(hex(codec.encode(new KadRequest.FindNode(Key.of(utf8("k"))))))
                .isEqualTo("0804" + "12016b");
        assertThat(hex(codec.encode(new KadRequest.PutValue(new HeldRecord(record, NOON)))))
                .isEqualTo(
                        "1204"
                                + hex(utf8("/a/b"))
                                + "1a29"
                                + ("0a04" + hex(utf8("/a/b")))
                                + ("1201" + hex(utf8("v")))
                                + ("2a1e" + hex(utf8("2026-01-01T12:00:00.000000000Z"))));
        assertThat(hex(codec.encode(new KadRequest.Ping()))).isEqualTo("0805");
        var provider = new PeerInfo(Peers.id(1), List.of(Peers.address(4001)));
        var providing = new KadRequest.AddProvider(Key.of(utf8("k")), List.of(provider));
        assertThat(hex(codec.encode(providing)))
                .isEqualTo(
                        "0802"
                                + "12016b"
                                + "4a30"
                                + ("0a22" + hex(Peers.id(1).multihash()))
                                + ("1208" + "047f000001" + "060fa1")
                                + "1801");
    }

    @Test
    void a_put_is_echoed_byte_for_byte() {
        var put = new KadRequest.PutValue(held);
        var echo = new KadResponse(Optional.of(held), List.of(), List.of());

        assertThat(codec.encode(put, echo)).isEqualTo(codec.encode(put));
    }

    @Test
    void fields_of_the_future_are_ignored() throws ProtocolViolation {
        var unknown =
                UnknownFieldSet.Field.newBuilder()
                        .addVarint(7)
                        .addLengthDelimited(utf8("something"))
                        .build();
        var message =
                Message.newBuilder()
                        .setType(Message.Type.FIND_NODE)
                        .setKey(key.bytes())
                        .setUnknownFields(
                                UnknownFieldSet.newBuilder()
                                        .addField(10, unknown)
                                        .addField(99, unknown)
                                        .build())
                        .build();

        assertThat(codec.decodeRequest(message.toByteString()))
                .isEqualTo(new KadRequest.FindNode(key));
    }

    @Test
    void a_time_that_is_missing_or_no_time_is_no_reason_to_refuse_a_record()
            throws ProtocolViolation {
        for (var text : List.of("", "1767268800", "2026-01-01T12:00:00+25:00")) {
            var message =
                    Message.newBuilder()
                            .setKey(key.bytes())
                            .setRecord(
                                    Record.newBuilder().setKey(key.bytes()).setTimeReceived(text))
                            .build();

            var request = codec.decodeRequest(message.toByteString());

            assertThat(request)
                    .isEqualTo(
                            new KadRequest.PutValue(
                                    new HeldRecord(
                                            new DhtRecord(key.bytes(), ByteString.EMPTY),
                                            Instant.EPOCH)));
        }
    }

    @Test
    void peers_lose_what_we_cannot_read_and_keep_the_rest() throws ProtocolViolation {
        var mine = Peers.peer(1);
        var full = mine.fullAddresses().getFirst();
        var foreign = Multiaddr.parse("/ip4/127.0.0.1/tcp/9/p2p/" + Peers.id(2));
        var message =
                Message.newBuilder()
                        .setType(Message.Type.FIND_NODE)
                        .addCloserPeers(
                                Peer.newBuilder()
                                        .setId(mine.id().multihash())
                                        .addAddrs(ByteString.EMPTY)
                                        .addAddrs(utf8("garbage"))
                                        .addAddrs(foreign.bytes())
                                        .addAddrs(full.bytes()))
                        .addCloserPeers(Peer.newBuilder().setId(utf8("no id")))
                        .addCloserPeers(Peer.newBuilder().setId(Peers.id(3).multihash()))
                        .build();

        var answer = codec.decodeResponse(new KadRequest.FindNode(key), message.toByteString());

        assertThat(answer.closer()).containsExactly(mine, new PeerInfo(Peers.id(3), List.of()));
    }

    @Test
    void at_most_eight_addresses_of_a_peer_and_512_bytes_of_them_are_read_or_sent()
            throws ProtocolViolation {
        var many = new ArrayList<Multiaddr>();
        for (int port = 1; port <= 100; port++) {
            many.add(Peers.address(port));
        }
        var long300 = Multiaddr.parse("/unix/" + "a".repeat(300));
        var long400 = Multiaddr.parse("/unix/" + "b".repeat(400));
        var wide = new PeerInfo(Peers.id(2), List.of(long300, long400, Peers.address(7)));
        var find = new KadRequest.FindNode(key);
        var answer = KadResponse.closer(List.of(new PeerInfo(Peers.id(1), many), wide));

        var bytes = codec.encode(find, answer);

        var expected =
                List.of(
                        new PeerInfo(Peers.id(1), many.subList(0, 8)),
                        new PeerInfo(Peers.id(2), List.of(long300, Peers.address(7))));
        assertThat(codec.decodeResponse(find, bytes).closer()).isEqualTo(expected);
        var message = Message.newBuilder().setType(Message.Type.FIND_NODE);
        for (var peer : answer.closer()) {
            var wire = Peer.newBuilder().setId(peer.id().multihash());
            peer.addresses().forEach(address -> wire.addAddrs(address.bytes()));
            message.addCloserPeers(wire);
        }
        assertThat(codec.decodeResponse(find, message.build().toByteString()).closer())
                .isEqualTo(expected);
    }

    @Test
    void the_largest_answer_stays_below_what_rust_reads() throws ProtocolViolation {
        var addresses = new ArrayList<Multiaddr>();
        for (int i = 0; i < 8; i++) {
            addresses.add(Multiaddr.parse("/dns4/" + "a".repeat(55) + i + "/tcp/1"));
        }
        var peers = new ArrayList<PeerInfo>();
        for (int i = 1; i <= 100; i++) {
            peers.add(new PeerInfo(Peers.id(i), addresses));
        }
        var value = ByteString.copyFrom(new byte[8 * 1024]);
        var record = new HeldRecord(new DhtRecord(key.bytes(), value), NOON);
        var get = new KadRequest.GetValue(key);

        var bytes =
                codec.encode(
                        get, new KadResponse(Optional.of(record), peers.subList(0, 20), peers));

        assertThat(bytes.size()).isBetween(15_000, 16 * 1024);
        var answer = codec.decodeResponse(get, bytes);
        assertThat(answer.record()).contains(record);
        assertThat(answer.closer()).isEqualTo(peers.subList(0, answer.closer().size()));
        assertThat(answer.closer()).hasSizeGreaterThan(10);
    }

    @Test
    void a_request_that_breaks_a_rule_is_refused_by_name() {
        refuses(message(9), "unknown type 9");
        refuses(Message.newBuilder().setTypeValue(-1), "unknown type -1");
        for (int type : new int[] {1, 2, 3, 4}) {
            refuses(message(type), "key of 0 bytes, expected 1 to");
            refuses(message(type).setKey(bytes(10 * 1024)), "key of 10240 bytes, expected 1 to");
        }
        refuses(message(4).setKey(bytes(257)), "key of 257 bytes, expected 1 to 256");
        refuses(message(2).setKey(bytes(81)), "key of 81 bytes, expected 1 to 80");
        refuses(message(3).setKey(bytes(81)), "key of 81 bytes, expected 1 to 80");
        refuses(message(0).setKey(bytes(5)), "PUT_VALUE without record");
        refuses(message(0).setRecord(Record.newBuilder()), "record key of 0 bytes");
        refuses(
                message(0).setKey(bytes(5)).setRecord(Record.newBuilder().setKey(bytes(6))),
                "record key differs");
        refuses(
                message(0)
                        .setKey(bytes(5))
                        .setRecord(Record.newBuilder().setKey(bytes(5)).setValue(bytes(8193))),
                "record value of 8193 bytes, expected 0 to 8192");
    }

    @Test
    void the_limits_themselves_are_legal() throws ProtocolViolation {
        codec.decodeRequest(message(4).setKey(bytes(256)).build().toByteString());
        codec.decodeRequest(message(2).setKey(bytes(80)).build().toByteString());
        codec.decodeRequest(
                message(0)
                        .setKey(bytes(256))
                        .setRecord(Record.newBuilder().setKey(bytes(256)).setValue(bytes(8192)))
                        .build()
                        .toByteString());
    }

    @Test
    void an_answer_that_breaks_a_rule_is_refused_by_name() {
        var get = new KadRequest.GetValue(key);
        refusesAnswer(get, message(4), "answer of type 4 to a GET_VALUE");
        refusesAnswer(get, message(77), "answer of type 77 to a GET_VALUE");
        refusesAnswer(
                get,
                message(1).setRecord(Record.newBuilder().setKey(bytes(3))),
                "record key differs from the key asked for");
        refusesAnswer(
                get,
                message(1).setRecord(Record.newBuilder().setKey(key.bytes()).setValue(bytes(8193))),
                "record value of 8193 bytes");
        refusesAnswer(
                new KadRequest.FindNode(key),
                message(4).setRecord(Record.newBuilder().setKey(key.bytes())),
                "record in the answer to a FIND_NODE");
        var crowded = message(4);
        for (int i = 1; i <= 21; i++) {
            crowded.addCloserPeers(Peer.newBuilder().setId(Peers.id(i).multihash()));
        }
        refusesAnswer(new KadRequest.FindNode(key), crowded, "21 closer peers, limit 20");
    }

    @Test
    void ten_thousand_peers_in_one_message_are_refused_before_they_are_decoded() {
        var empty = Peer.getDefaultInstance();
        var closer = message(4).setKey(bytes(5));
        var providers = message(2).setKey(bytes(5));
        var addresses = Peer.newBuilder().setId(Peers.id(1).multihash());
        for (int i = 0; i < 10_000; i++) {
            closer.addCloserPeers(empty);
            providers.addProviderPeers(empty);
            addresses.addAddrs(ByteString.EMPTY);
        }

        refuses(closer, "more fields than the limit 4096");
        refuses(providers, "more fields than the limit 4096");
        refuses(
                message(4).setKey(bytes(5)).addCloserPeers(addresses),
                "more fields than the limit 4096");
    }

    @Test
    void only_as_many_providers_as_we_hold_are_taken() throws ProtocolViolation {
        var message = message(3);
        for (int i = 1; i <= 300; i++) {
            message.addProviderPeers(Peer.newBuilder().setId(Peers.id(i).multihash()));
        }

        var answer =
                codec.decodeResponse(
                        new KadRequest.GetProviders(key), message.build().toByteString());

        assertThat(answer.providers()).hasSize(100);
    }

    @Test
    void what_is_no_protobuf_is_a_violation_and_nothing_else() {
        for (var hex :
                List.of(
                        "08", // a number is missing
                        "0880808080808080808080808001", // too long a number
                        "12ff01", // longer than the message
                        "12ffffffff0f", // of negative length
                        "1a0312ff01", // nested, longer than its parent
                        "42ffffffff07", // a peer of 2 GiB
                        "0000", // field zero
                        "0f", // wire type 7
                        "0b0c", // a group
                        "430344", // a group inside
                        "0c")) { // the end of a group
            var bytes = ByteString.copyFrom(HexFormat.of().parseHex(hex));

            assertThatThrownBy(() -> codec.decodeRequest(bytes))
                    .as(hex)
                    .isInstanceOf(ProtocolViolation.class)
                    .hasMessageStartingWith("/test/kad/1.0.0: ");
        }
    }

    @Test
    void random_bytes_never_do_more_than_violate_the_protocol() {
        long seed = 3;
        var random = new Random(seed);
        var good =
                List.of(
                        codec.encode(new KadRequest.AddProvider(key, two)),
                        codec.encode(new KadRequest.PutValue(held)),
                        codec.encode(
                                new KadRequest.GetValue(key),
                                new KadResponse(Optional.of(held), two, two)));
        int read = 0;
        for (int i = 0; i < 20_000; i++) {
            var bytes = good.get(random.nextInt(good.size())).toByteArray();
            for (int flips = random.nextInt(1, 4); flips > 0; flips--) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
            }
            var cut = ByteString.copyFrom(bytes, 0, random.nextInt(bytes.length + 1));

            try {
                codec.decodeRequest(cut);
                read++;
                codec.decodeResponse(new KadRequest.GetValue(key), cut);
            } catch (ProtocolViolation violation) {
                assertThat(violation.getMessage()).as("seed %d, case %d", seed, i).isNotEmpty();
            }
        }
        assertThat(read).as("seed %d", seed).isPositive();
    }

    private void refuses(Message.Builder message, String reason) {
        var bytes = message.build().toByteString();
        assertThatThrownBy(() -> codec.decodeRequest(bytes))
                .isInstanceOf(ProtocolViolation.class)
                .hasMessageStartingWith("/test/kad/1.0.0: ")
                .hasMessageContaining(reason);
    }

    private void refusesAnswer(KadRequest request, Message.Builder message, String reason) {
        var bytes = message.build().toByteString();
        assertThatThrownBy(() -> codec.decodeResponse(request, bytes))
                .isInstanceOf(ProtocolViolation.class)
                .hasMessageContaining(reason);
    }

    private static Message.Builder message(int type) {
        return Message.newBuilder().setTypeValue(type);
    }

    private static ByteString bytes(int count) {
        return ByteString.copyFrom(new byte[count]);
    }

    private static ByteString utf8(String text) {
        return ByteString.copyFromUtf8(text);
    }

    private static String hex(ByteString bytes) {
        return HexFormat.of().formatHex(bytes.toByteArray());
    }
}
