package tensorlink.node.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import tensorlink.node.wire.InvitationTerms;
import tensorlink.p2p.peer.PeerInfo;
import tensorlink.p2p.peer.PreSharedKey;
import tensorlink.p2p.peer.SignedEnvelope;

class InvitationTest {
    private static final String TEXT = Founded.invitation().text();

    @Test
    void one_string_brings_network_key_and_addresses() throws Exception {
        var read = Invitation.parse(TEXT);

        assertThat(TEXT).matches("tl1[a-z2-7]+");
        assertThat(read.content()).isEqualTo(Founded.invitation().content());
        assertThat(read.inviter()).isEqualTo(Founded.FOUNDER.peerId());
        assertThat(read.text()).isEqualTo(TEXT);
    }

    @Test
    void blanks_line_ends_and_capitals_of_mail_and_chat_do_no_harm() throws Exception {
        var mailed = "  " + TEXT.replaceAll("(.{76})", "$1\r\n\t");

        assertThat(Invitation.parse(mailed).text()).isEqualTo(TEXT);
        assertThat(Invitation.parse(TEXT.toUpperCase(Locale.ROOT) + "\n").text()).isEqualTo(TEXT);
    }

    @Test
    void a_character_that_is_changed_lost_or_doubled_is_noticed() {
        for (int at = 3; at < TEXT.length(); at++) {
            char other = TEXT.charAt(at) == 'a' ? 'b' : 'a';
            var before = TEXT.substring(0, at);
            var after = TEXT.substring(at + 1);
            for (var damaged :
                    List.of(
                            before + other + after,
                            before + after,
                            before + TEXT.substring(at - 1))) {
                assertThatThrownBy(() -> Invitation.parse(damaged))
                        .as("at %d: %s", at, damaged)
                        .isInstanceOf(NetworkException.class);
            }
        }
    }

    @Test
    void what_is_no_invitation_is_refused_in_words() {
        refused("an invitation begins with tl1", "");
        refused("an invitation begins with tl1", "/ip4/192.0.2.7/tcp/38751");
        refused("for a newer version of this program", "tl2abc");
        refused("damaged in copying: its checksum differs", "tl1");
        refused("damaged in copying: its checksum differs", "tl1aaaaaaaaaaaaaaaa");
        refused("character 4 is none of a-z and 2-7", "tl1aaa0aaaa");
        refused("limit 12000", "tl1" + "a".repeat(12_000));
    }

    @Test
    void a_forged_one_with_a_good_checksum_is_refused() throws Exception {
        var bytes = CopySafeText.decode(TEXT.substring(3)).toByteArray();
        for (int at = 0; at < bytes.length - 4; at += 3) {
            var forged = bytes.clone();
            forged[at] ^= 1;
            var body = ByteString.copyFrom(forged, 0, forged.length - 4);
            var sum = Descriptor.sha256("invitation", body).substring(0, 4);

            var text = "tl1" + CopySafeText.encode(body.concat(sum));

            assertThatThrownBy(() -> Invitation.parse(text))
                    .as("byte %d", at)
                    .isInstanceOf(NetworkException.class);
        }
    }

    @Test
    void well_signed_nonsense_is_refused_with_what_is_wrong() {
        signed("no key, and the network is private", good().clearKey());
        signed("pre-shared key of 5 bytes instead of 32", good().setKey(bytes(5)));
        signed("the key is not the network's", good().setKey(bytes(32)));
        signed("not a network's description", good().setNetwork(bytes(9)));
        signed("9 addresses, limit 8", good().addAllAddresses(Collections.nCopies(9, bytes(1))));
        signed(
                "ends in no /p2p/<id>",
                good().addAddresses(Founded.ENTRY.addresses().getFirst().bytes()));
    }

    @Test
    void what_cannot_be_invited_with_is_refused_before_it_is_signed() {
        var stranger = Optional.of(PreSharedKey.generate());
        var entries = Collections.nCopies(9, Founded.ENTRY);

        assertThatThrownBy(() -> content(stranger, List.of()))
                .hasMessage("the key is not the network's");
        assertThatThrownBy(() -> content(Optional.of(Founded.KEY), entries))
                .hasMessage("9 addresses, limit 8");
    }

    @Test
    void it_is_good_until_it_expires_and_not_at_that_moment() throws Exception {
        var invitation = Founded.invitation();
        var expiry = Founded.NOW.plus(Duration.ofDays(7));

        invitation.requireGood(expiry.minusMillis(1));

        assertThatThrownBy(() -> invitation.requireGood(expiry))
                .isInstanceOf(NetworkException.class)
                .hasMessageContaining("expired at 2026-06-08T12:00:00Z; ask for a new one");
    }

    @Test
    void its_text_form_in_logs_shows_no_secret() {
        assertThat(Founded.invitation().toString()).doesNotContain(TEXT.substring(3, 20));
        assertThat(Founded.invitation().content().toString())
                .doesNotContain(Founded.KEY.secret().toStringUtf8());
    }

    private static Invitation.Content content(Optional<PreSharedKey> key, List<PeerInfo> entries) {
        return new Invitation.Content(Founded.TEAM, key, entries, Founded.NOW);
    }

    private static InvitationTerms.Builder good() {
        return InvitationTerms.newBuilder()
                .setNetwork(Founded.TEAM.encode())
                .setKey(Founded.KEY.secret());
    }

    private static ByteString bytes(int count) {
        return ByteString.copyFrom(new byte[count]);
    }

    private static void signed(String why, InvitationTerms.Builder terms) {
        var sealed =
                SignedEnvelope.seal(
                                Founded.FOUNDER,
                                "tensorlink network invitation",
                                ByteString.copyFromUtf8("/tensorlink/network-invitation/1"),
                                terms.build().toByteString())
                        .encode();
        var sum = Descriptor.sha256("invitation", sealed).substring(0, 4);
        refused(why, "tl1" + CopySafeText.encode(sealed.concat(sum)));
    }

    private static void refused(String why, String text) {
        assertThatThrownBy(() -> Invitation.parse(text))
                .isInstanceOf(NetworkException.class)
                .hasMessageContaining(why);
    }
}
