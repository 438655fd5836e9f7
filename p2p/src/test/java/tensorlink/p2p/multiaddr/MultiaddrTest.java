package tensorlink.p2p.multiaddr;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class MultiaddrTest {
    private static final String ID = "12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA";

    @ParameterizedTest
    @CsvSource({
        "/ip4/127.0.0.1/tcp/4321, 047f0000010610e1",
        "/ip4/127.0.0.1/udp/1234, 047f000001910204d2",
        "/ip6/::1/tcp/80, 2900000000000000000000000000000001060050",
        "/ip4/1.2.3.4/udp/443/quic-v1, 0401020304910201bbcd03",
        "/dns4/example.com/tcp/443/tls/ws, 360b6578616d706c652e636f6d0601bbc003dd03",
        "/ip4/10.0.0.0/ipcidr/8, 040a0000002b08",
        "/unix/a/b/c/d/e, 90030a2f612f622f632f642f65",
        "/memory/1234, 89060431323334",
        "/p2p-circuit, a202",
        "/http/http-path/foo%2Fbar, e003e10307666f6f2f626172",
        "/p2p/QmcgpsyWgH8Y8ajJz1Cu72KnS5uo2Aa2LpzU7kinSupNKC,"
                + " a503221220d52ebb89d85b02a284948203a62ff28389c57c9f42beec4ec20db76a68911c0b",
        "/onion3/vww6ybal4bd7szmgncyruucpgfkqahzddi37ktceo3ah7ngmcopnpyyd:1234,"
                + " bd03adadec040be047f9658668b11a504f3155001f231a37f54c4476c07fb4cc139ed7e30304d2",
    })
    void text_and_bytes_say_the_same(String text, String hex) {
        var bytes = ByteString.copyFrom(HexFormat.of().parseHex(hex));

        assertThat(Multiaddr.parse(text).bytes()).isEqualTo(bytes);
        assertThat(Multiaddr.decode(bytes)).hasToString(text);
        assertThat(Multiaddr.decode(bytes)).isEqualTo(Multiaddr.parse(text));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/ip6zone/eth0/ip6/fe80::1/tcp/1",
                "/dns/localhost/tcp/0",
                "/dns6/example.com/udp/65535/quic",
                "/dnsaddr/bootstrap.example.net",
                "/ip6/2001:db8::8a2e:370:7334/tcp/443/tls/sni/example.com/ws",
                "/ip6/::ffff:192.0.2.1/tcp/1",
                "/ip6/2001:0:0:1::1/tcp/1",
                "/ip4/1.2.3.4/tcp/1/noise",
                "/ip4/1.2.3.4/tcp/443/wss",
                "/ip4/1.2.3.4/udp/1/webrtc-direct/certhash/uEiDikp5KVUgkLta1EjUN-IKbHk-dUBg8VzKgf5nXxLK46w",
                "/ip4/1.2.3.4/udp/1/quic-v1/webtransport",
                "/ip4/1.2.3.4/tcp/1/p2p/" + ID + "/p2p-circuit/p2p/" + ID,
                "/ip4/1.2.3.4/tcp/1/p2p/" + ID + "/p2p-circuit/webrtc/p2p/" + ID
            })
    void every_kind_of_address_survives_the_way_through_bytes(String text) {
        assertThat(Multiaddr.decode(Multiaddr.parse(text).bytes())).hasToString(text);
    }

    @ParameterizedTest
    @CsvSource({
        "/ipfs/" + ID + ", /p2p/" + ID,
        "/ip6/0:0:0:0:0:0:0:1, /ip6/::1",
        "/ip6/2001:DB8:0:0:1:0:0:1, /ip6/2001:db8::1:0:0:1",
        "/ip4/1.2.3.4/tcp/1/, /ip4/1.2.3.4/tcp/1"
    })
    void prints_the_one_usual_form(String written, String printed) {
        assertThat(Multiaddr.parse(written)).hasToString(printed);
    }

    @ParameterizedTest
    @CsvSource({
        "'', starts with no slash",
        "ip4/1.2.3.4, starts with no slash",
        "/, 0 parts",
        "//ip4/1.2.3.4, unknown protocol",
        "/ip5/1.2.3.4, unknown protocol",
        "/ip4, has no value",
        "/ip4/, has no value",
        "/ip4/1.2.3, not four numbers",
        "/ip4/1.2.3.256, above 255",
        "/ip4/01.2.3.4, not a number",
        "/ip4/localhost, not four numbers",
        "/ip6/1.2.3.4, not an IPv6 address",
        "/ip6/fe80::1%eth0, not an IPv6 address",
        "/ip6/zz::1, bad /ip6 value",
        "/ip4/1.2.3.4/tcp/65536, above 65535",
        "/ip4/1.2.3.4/tcp/-1, not a number",
        "/ip4/1.2.3.4/tcp/1/tls/x, unknown protocol",
        "/p2p/hello, is no peer id",
        "/onion3/abc:80, not 56 characters",
        "/certhash/uAA, bad /certhash value",
        "/http-path/%4, cut off after %",
        "/http-path/%zz, is no digit"
    })
    void refuses_malformed_text_and_says_why(String text, String reason) {
        assertThatThrownBy(() -> Multiaddr.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(reason);
    }

    @ParameterizedTest
    @CsvSource({
        "'', 0 parts",
        "04, only 0 bytes are left",
        "047f0000, only 3 bytes are left",
        "0506, unknown protocol 5",
        "8400, shortest form",
        "36ff, cut off",
        "3605616263, only 3 bytes are left",
        "3600, empty",
        "3602fffe, not UTF-8",
        "3603612f62, character 47",
        "3603610062, character 0",
        "9003036162ff, not UTF-8",
        "900302612f, not an absolute path",
        "a5030400040102, only 2 bytes are left",
        "a50303110101, multihash code 17",
        "bd03adadec040be047f9658668b11a504f3155001f231a37f54c4476c07fb4cc139ed7e3030000, port 0"
    })
    void refuses_malformed_bytes_and_says_why(String hex, String reason) {
        var bytes = ByteString.copyFrom(HexFormat.of().parseHex(hex));

        assertThatThrownBy(() -> Multiaddr.decode(bytes))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(reason);
    }

    @Test
    void every_truncation_of_an_address_is_refused_or_a_shorter_address() {
        var whole = Multiaddr.parse("/dns4/example.com/tcp/443/p2p/" + ID).bytes();
        var boundaries = List.of(13, 16);

        for (int length = 0; length < whole.size(); length++) {
            var cut = whole.substring(0, length);
            if (boundaries.contains(length)) {
                assertThat(Multiaddr.decode(cut).bytes()).isEqualTo(cut);
            } else {
                assertThatThrownBy(() -> Multiaddr.decode(cut))
                        .as("first %d bytes", length)
                        .isInstanceOf(IllegalArgumentException.class);
            }
        }
    }

    @Test
    void arbitrary_bytes_are_an_address_or_an_illegal_argument() {
        var random = new Random(5);

        for (int i = 0; i < 20_000; i++) {
            var bytes = new byte[random.nextInt(40)];
            random.nextBytes(bytes);
            if (bytes.length > 0 && random.nextBoolean()) {
                var protocols = AddressProtocol.values();
                bytes[0] = (byte) protocols[random.nextInt(protocols.length)].code();
            }
            try {
                var address = Multiaddr.decode(ByteString.copyFrom(bytes));
                assertThat(Multiaddr.parse(address.toString()))
                        .as("seed 5, case %d", i)
                        .isEqualTo(address);
            } catch (IllegalArgumentException refused) {
                assertThat(refused).hasMessageMatching("(?s).+");
            }
        }
    }

    @Test
    void a_name_may_have_253_bytes_in_labels_of_63() {
        var label = "a".repeat(63);
        var longest = label + "." + label + "." + label + "." + "a".repeat(61);

        assertThat(Multiaddr.parse("/dns/" + longest)).hasToString("/dns/" + longest);
        assertThatThrownBy(() -> Multiaddr.parse("/dns/" + longest + "a"))
                .hasMessageContaining("253");
        assertThatThrownBy(() -> Multiaddr.parse("/dns/" + label + "a")).hasMessageContaining("63");
    }

    @Test
    void an_address_has_at_most_32_parts_and_1024_bytes() {
        var parts = "/p2p-circuit".repeat(32);
        var value = "a".repeat(1020);

        assertThat(Multiaddr.parse(parts).parts()).hasSize(32);
        assertThatThrownBy(() -> Multiaddr.parse(parts + "/p2p-circuit"))
                .hasMessageContaining("33 parts");
        assertThatThrownBy(() ->
                        Multiaddr.decode(
                                ByteString.copyFrom(HexFormat.of().parseHex("a202".repeat(50)))))
                .hasMessageContaining("more than 32 parts");
        assertThat(Multiaddr.parse("/memory/" + value).bytes().size()).isEqualTo(1024);
        assertThatThrownBy(() -> Multiaddr.parse("/memory/" + value + "a"))
                .hasMessageContaining("limit 1024");
        assertThatThrownBy(() -> Multiaddr.decode(ByteString.copyFrom(new byte[1025])))
                .hasMessageContaining("limit 1024");
    }

    @Test
    void a_list_keeps_what_is_understood_and_skips_the_rest() {
        var good = Multiaddr.parse("/ip4/1.2.3.4/tcp/1");
        var unknown = ByteString.copyFrom(HexFormat.of().parseHex("047f000001ff7f"));
        var list = List.of(unknown, good.bytes(), ByteString.EMPTY, good.bytes());

        assertThat(Multiaddr.decodeKnown(list, 10)).containsExactly(good, good);
        assertThat(Multiaddr.decodeKnown(Collections.nCopies(10_000, good.bytes()), 32))
                .hasSize(32);
    }

    @Test
    void parts_can_be_asked_for_added_and_taken_off() {
        var address = Multiaddr.parse("/ip4/1.2.3.4").with(AddressProtocol.TCP, "80");
        var full = address.with(Multiaddr.parse("/p2p/" + ID));

        assertThat(address).hasToString("/ip4/1.2.3.4/tcp/80");
        assertThat(full.value(AddressProtocol.P2P)).contains(ID);
        assertThat(full.value(AddressProtocol.UDP)).isEmpty();
        assertThat(full.withoutPeer()).contains(address);
        assertThat(address.withoutPeer()).contains(address);
        assertThat(Multiaddr.parse("/p2p/" + ID).withoutPeer()).isEmpty();
    }

    @Test
    void knows_which_addresses_stay_on_this_machine() {
        assertThat(List.of("/ip4/127.0.0.1/tcp/1", "/ip4/127.9.9.9", "/ip6/::1", "/memory/a"))
                .allSatisfy(text -> assertThat(Multiaddr.parse(text).isLoopback()).isTrue());
        assertThat(List.of("/ip4/10.0.0.1/tcp/1", "/ip6/::2", "/dns/localhost", "/ip4/0.0.0.0"))
                .allSatisfy(text -> assertThat(Multiaddr.parse(text).isLoopback()).isFalse());
    }
}
