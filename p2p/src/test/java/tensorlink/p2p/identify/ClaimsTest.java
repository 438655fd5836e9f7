package tensorlink.p2p.identify;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tensorlink.p2p.core.Limits;
import tensorlink.p2p.core.ProtocolId;
import tensorlink.p2p.core.ProtocolViolation;
import tensorlink.p2p.multiaddr.AddressRange;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.Identification;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.PeerRecord;
import tensorlink.p2p.peer.SealedPeerRecord;
import tensorlink.p2p.peer.SignedEnvelope;
import tensorlink.p2p.wire.IdentifyMessage;

class ClaimsTest {
    private static final Multiaddr PUBLIC = Multiaddr.parse("/ip4/192.0.2.7/tcp/4001");
    private static final Multiaddr OTHER = Multiaddr.parse("/ip4/192.0.2.8/tcp/4001");

    private final KeyPair key = KeyPair.generate();

    @Test
    void what_a_profile_says_is_understood() throws ProtocolViolation {
        var profile =
                new Profile(
                        key.publicKey(),
                        "family/1",
                        "agent/2",
                        List.of(ProtocolId.of("/a/1"), ProtocolId.of("/b/1")),
                        List.of(PUBLIC),
                        OTHER,
                        record(5, PUBLIC));

        var learned = judge(profile.messages());

        assertThat(profile.messages()).hasSize(1);
        assertThat(learned)
                .isEqualTo(
                        new Identification(
                                "family/1",
                                "agent/2",
                                List.of("/a/1", "/b/1"),
                                List.of(PUBLIC),
                                Optional.of(OTHER),
                                Optional.of(
                                        SealedPeerRecord.seal(
                                                new PeerRecord(key.peerId(), 5, List.of(PUBLIC)),
                                                key))));
    }

    @Test
    void a_long_profile_is_split_into_messages_that_everybody_reads() throws ProtocolViolation {
        var protocols = new ArrayList<ProtocolId>();
        for (int i = 0; i < 60; i++) {
            protocols.add(ProtocolId.of("/a/long/protocol/name/".repeat(4) + i));
        }
        var addresses = Collections.nCopies(32, PUBLIC);
        var profile =
                new Profile(
                        key.publicKey(),
                        "family/1",
                        "agent/2",
                        protocols,
                        addresses,
                        OTHER,
                        record(5, PUBLIC));

        var messages = profile.messages();

        assertThat(messages).hasSizeBetween(2, 10);
        assertThat(messages)
                .allSatisfy(message ->
                        assertThat(message.size()).isLessThanOrEqualTo(Profile.MESSAGE_BYTES_MAX));
        assertThat(judge(messages).protocols()).hasSize(60);
    }

    @Test
    void a_push_changes_what_it_mentions_and_nothing_else() throws ProtocolViolation {
        var before =
                judge(
                        message(
                                IdentifyMessage.newBuilder()
                                        .setAgentVersion("agent/1")
                                        .addProtocols("/a/1")
                                        .addListenAddrs(PUBLIC.bytes())
                                        .setSignedPeerRecord(record(5, PUBLIC))));

        var after =
                claims(Optional.of(before))
                        .judge(message(IdentifyMessage.newBuilder().addProtocols("/b/1")));

        assertThat(after.protocols()).containsExactly("/b/1");
        assertThat(after.agentVersion()).isEqualTo("agent/1");
        assertThat(after.addresses()).containsExactly(PUBLIC);
        assertThat(after.record()).isEqualTo(before.record());
    }

    @Test
    void signed_addresses_win_over_claimed_ones() throws ProtocolViolation {
        var learned =
                judge(
                        message(
                                IdentifyMessage.newBuilder()
                                        .addListenAddrs(OTHER.bytes())
                                        .setSignedPeerRecord(record(5, PUBLIC))));

        assertThat(learned.addresses()).containsExactly(PUBLIC);
    }

    @Test
    void an_older_record_does_not_replace_a_newer_one() throws ProtocolViolation {
        var newer =
                judge(message(IdentifyMessage.newBuilder().setSignedPeerRecord(record(5, PUBLIC))));

        for (long sequence : new long[] {4, 5}) {
            var after =
                    claims(Optional.of(newer))
                            .judge(
                                    message(
                                            IdentifyMessage.newBuilder()
                                                    .setSignedPeerRecord(record(sequence, OTHER))));
            assertThat(after.addresses()).containsExactly(PUBLIC);
        }
        var newest =
                claims(Optional.of(newer))
                        .judge(
                                message(
                                        IdentifyMessage.newBuilder()
                                                .setSignedPeerRecord(record(6, OTHER))));
        assertThat(newest.addresses()).containsExactly(OTHER);
    }

    @Test
    void another_key_is_a_lie() {
        var other = KeyPair.generate().publicKey().encode();

        assertViolation(IdentifyMessage.newBuilder().setPublicKey(other), "claims the key of");
        assertViolation(
                IdentifyMessage.newBuilder().setPublicKey(ByteString.copyFromUtf8("x")),
                "canonical");
    }

    @Test
    void the_record_of_another_peer_or_of_another_use_is_a_lie() {
        var other = KeyPair.generate();
        var foreign = new PeerRecord(other.peerId(), 1, List.of(PUBLIC)).seal(other).encode();
        var otherUse =
                SignedEnvelope.seal(
                                key,
                                "libp2p-relay-rsvp",
                                ByteString.copyFrom(new byte[] {3, 1}),
                                ByteString.EMPTY)
                        .encode();

        assertViolation(
                IdentifyMessage.newBuilder().setSignedPeerRecord(foreign), "sent the record of");
        assertViolation(IdentifyMessage.newBuilder().setSignedPeerRecord(otherUse), "is not by");
        assertViolation(
                IdentifyMessage.newBuilder().setSignedPeerRecord(ByteString.EMPTY), "envelope");
    }

    @Test
    void sixty_four_protocols_are_kept_and_one_more_is_too_much() throws ProtocolViolation {
        var most = IdentifyMessage.newBuilder().addAllProtocols(Collections.nCopies(64, "/a/1"));
        assertThat(judge(message(most)).protocols()).hasSize(64);

        assertViolation(most.addProtocols("/a/1"), "65 protocols, limit 64");
    }

    @Test
    void names_that_could_not_be_negotiated_are_left_out() throws ProtocolViolation {
        var learned =
                judge(
                        message(
                                IdentifyMessage.newBuilder()
                                        .addProtocols("/good/1")
                                        .addProtocols("bad")
                                        .addProtocols("/line\nend")
                                        .addProtocols("")));

        assertThat(learned.protocols()).containsExactly("/good/1");
    }

    @Test
    void of_ten_thousand_addresses_thirty_two_are_kept() throws ProtocolViolation {
        var message = IdentifyMessage.newBuilder();
        for (int i = 0; i < 10_000; i++) {
            message.addListenAddrs(Multiaddr.parse("/ip4/192.0.2.7/tcp/" + (i + 1)).bytes());
        }

        assertThat(judge(message(message)).addresses()).hasSize(32);
    }

    @Test
    void addresses_that_are_of_no_use_are_left_out() throws ProtocolViolation {
        var other = KeyPair.generate().peerId();
        var message =
                IdentifyMessage.newBuilder()
                        .addListenAddrs(ByteString.EMPTY)
                        .addListenAddrs(PUBLIC.bytes().substring(0, 4))
                        .addListenAddrs(bytes("047f000001"))
                        .addListenAddrs(bytes("a202".repeat(50)))
                        .addListenAddrs(bytes("36ac02" + "61".repeat(300)))
                        .addListenAddrs(Multiaddr.parse("/ip4/0.0.0.0/tcp/1").bytes())
                        .addListenAddrs(Multiaddr.parse("/ip6/::/tcp/1").bytes())
                        .addListenAddrs(Multiaddr.parse("/ip4/192.0.2.9/tcp/0").bytes())
                        .addListenAddrs(Multiaddr.parse("/ip4/127.0.0.1/tcp/1").bytes())
                        .addListenAddrs(Multiaddr.parse(PUBLIC + "/p2p/" + other).bytes())
                        .addListenAddrs(Multiaddr.parse("/p2p/" + key.peerId()).bytes())
                        .addListenAddrs(Multiaddr.parse(PUBLIC + "/p2p/" + key.peerId()).bytes());

        assertThat(judge(message(message)).addresses()).containsExactly(PUBLIC);
    }

    @Test
    void private_addresses_of_a_public_peer_are_not_believed() throws ProtocolViolation {
        var home = Multiaddr.parse("/ip4/192.168.0.1/tcp/1");
        var world = Multiaddr.parse("/ip4/8.8.8.8/tcp/1");
        var name = Multiaddr.parse("/dns4/example.com/tcp/1");
        var message =
                message(
                        IdentifyMessage.newBuilder()
                                .addListenAddrs(home.bytes())
                                .addListenAddrs(world.bytes())
                                .addListenAddrs(name.bytes()));
        var limits = Limits.defaults().identify();
        var far = new Claims(key.peerId(), AddressRange.PUBLIC, Optional.empty(), limits);
        var near = new Claims(key.peerId(), AddressRange.PRIVATE, Optional.empty(), limits);

        assertThat(far.judge(message).addresses()).containsExactly(world, name);
        assertThat(near.judge(message).addresses()).containsExactly(home, world, name);
    }

    @Test
    void loopback_addresses_count_only_from_this_machine() throws ProtocolViolation {
        var loopback = Multiaddr.parse("/ip4/127.0.0.1/tcp/1");
        var message = message(IdentifyMessage.newBuilder().addListenAddrs(loopback.bytes()));

        var local =
                new Claims(
                        key.peerId(),
                        AddressRange.LOOPBACK,
                        Optional.empty(),
                        Limits.defaults().identify());

        assertThat(local.judge(message).addresses()).containsExactly(loopback);
        assertThat(judge(message).addresses()).isEmpty();
    }

    @Test
    void the_observed_address_comes_without_our_id_and_never_as_a_wildcard() throws Exception {
        var withId = Multiaddr.parse(PUBLIC + "/p2p/" + KeyPair.generate().peerId());
        var wildcard = Multiaddr.parse("/ip4/0.0.0.0/tcp/1");

        assertThat(observed(withId)).contains(PUBLIC);
        assertThat(observed(wildcard)).isEmpty();
    }

    private Optional<Multiaddr> observed(Multiaddr address) throws ProtocolViolation {
        return judge(message(IdentifyMessage.newBuilder().setObservedAddr(address.bytes())))
                .observedAddress();
    }

    @Test
    void texts_are_cut_and_cannot_drive_a_terminal() throws ProtocolViolation {
        var learned =
                judge(
                        message(
                                IdentifyMessage.newBuilder()
                                        .setAgentVersion("\u001b[31mred\n" + "x".repeat(500))));

        assertThat(learned.agentVersion()).startsWith("[31mredxxx").hasSize(128);
    }

    @ParameterizedTest
    @ValueSource(strings = {"ff", "0a05", "0aff", "1a02ff", "42ffffffff0f"})
    void malformed_messages_are_a_violation(String hex) {
        assertThatThrownBy(() -> judge(List.of(bytes(hex)))).isInstanceOf(ProtocolViolation.class);
    }

    @Test
    void arbitrary_bytes_are_understood_or_a_violation() {
        var random = new Random(6);
        int violations = 0;
        for (int i = 0; i < 20_000; i++) {
            var bytes = new byte[random.nextInt(100)];
            random.nextBytes(bytes);
            try {
                assertThat(judge(List.of(ByteString.copyFrom(bytes))).record())
                        .as("seed 6, case %d", i)
                        .isEmpty();
            } catch (ProtocolViolation violation) {
                violations++;
            }
        }
        assertThat(violations).isPositive();
    }

    private void assertViolation(IdentifyMessage.Builder message, String reason) {
        assertThatThrownBy(() -> judge(message(message)))
                .isInstanceOf(ProtocolViolation.class)
                .hasMessageContaining(reason);
    }

    private Identification judge(List<ByteString> messages) throws ProtocolViolation {
        return claims(Optional.empty()).judge(messages);
    }

    private Claims claims(Optional<Identification> known) {
        return new Claims(key.peerId(), AddressRange.PRIVATE, known, Limits.defaults().identify());
    }

    private ByteString record(long sequence, Multiaddr address) {
        return new PeerRecord(key.peerId(), sequence, List.of(address)).seal(key).encode();
    }

    private static List<ByteString> message(IdentifyMessage.Builder message) {
        return List.of(message.build().toByteString());
    }

    private static ByteString bytes(String hex) {
        return ByteString.copyFrom(HexFormat.of().parseHex(hex));
    }
}
