package tensorlink.p2p.peer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tensorlink.p2p.multiaddr.Multiaddr;

class PeerIdTest {
    private static final String ED25519 = "12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA";

    /** The text forms of the peer-id specification. */
    @ParameterizedTest
    @CsvSource({
        ED25519 + ", " + ED25519,
        "QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N,"
                + " QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N",
        "bafzbeie5745rpv2m6tjyuugywy4d5ewrqgqqhfnf445he3omzpjbx5xqxe,"
                + " QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N"
    })
    void parses_base58_and_cids_and_prints_base58(String text, String printed) {
        assertThat(PeerId.parse(text)).hasToString(printed);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "hello",
                "12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5S",
                "12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA1",
                "QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5",
                "bafybeie5745rpv2m6tjyuugywy4d5ewrqgqqhfnf445he3omzpjbx5xqxe"
            })
    void refuses_other_text(String text) {
        assertThatThrownBy(() -> PeerId.parse(text)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void refuses_long_text_before_converting_it() {
        assertThatThrownBy(() -> PeerId.parse("1".repeat(129))).hasMessageContaining("limit 128");
    }

    @Test
    void an_identity_multihash_holds_at_most_42_bytes() {
        assertThat(new PeerId(identity(42)).multihash().size()).isEqualTo(44);
        assertThatThrownBy(() -> new PeerId(identity(43))).hasMessageContaining("limit 42");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "00", "0005aabb", "0001aabb", "1220aabb", "1201aa", "1101aa", "8000"})
    void refuses_multihashes_that_are_cut_off_overlong_or_of_another_code(String hex) {
        var bytes = ByteString.copyFrom(HexFormat.of().parseHex(hex));

        assertThatThrownBy(() -> new PeerId(bytes)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void gives_the_key_when_it_is_the_id() {
        var pair = KeyPair.generate();

        assertThat(pair.peerId().publicKey()).contains(pair.publicKey());
        assertThat(PeerId.parse("QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N").publicKey())
                .isEmpty();
        assertThat(new PeerId(identity(3)).publicKey()).isEmpty();
    }

    @Test
    void a_short_text_is_enough_to_tell_peers_apart_in_a_log() {
        assertThat(PeerId.parse(ED25519).shortText()).isEqualTo("…AJU5SA");
    }

    @Test
    void peer_info_is_split_from_a_full_address_and_joined_again() {
        var text = "/ip4/192.0.2.7/tcp/4001/p2p/" + ED25519;

        var info = PeerInfo.parse(text);

        assertThat(info.id()).hasToString(ED25519);
        assertThat(info.addresses()).containsExactly(Multiaddr.parse("/ip4/192.0.2.7/tcp/4001"));
        assertThat(info.fullAddresses()).containsExactly(Multiaddr.parse(text));
        assertThat(PeerInfo.parse("/p2p/" + ED25519).addresses()).isEmpty();
    }

    @Test
    void the_target_of_a_relayed_address_is_its_last_id() {
        var relay = KeyPair.generate().peerId();

        var info =
                PeerInfo.parse("/ip4/1.2.3.4/tcp/1/p2p/" + relay + "/p2p-circuit/p2p/" + ED25519);

        assertThat(info.id()).hasToString(ED25519);
        assertThat(info.addresses())
                .containsExactly(
                        Multiaddr.parse("/ip4/1.2.3.4/tcp/1/p2p/" + relay + "/p2p-circuit"));
    }

    @Test
    void peer_info_without_an_id_is_refused() {
        assertThatThrownBy(() -> PeerInfo.parse("/ip4/1.2.3.4/tcp/1"))
                .hasMessageContaining("ends in no /p2p/<id>");
    }

    private static ByteString identity(int size) {
        return ByteString.copyFrom(new byte[] {0, (byte) size})
                .concat(ByteString.copyFrom(new byte[size]));
    }
}
