package tensorlink.ledger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import tensorlink.ledger.Outcome.Rejected;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.PeerId;

class PeerBindingTest {
    private static final Domain DOMAIN = Domain.privateNetwork("lab");
    private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");
    private static final AccountKey ACCOUNT = AccountKey.of(Bytes32.keccak("account"));
    private static final KeyPair PEER = peer("peer");

    private final PeerBinding binding =
            new PeerBinding(PEER.peerId(), ACCOUNT.account(), NOW.plus(Duration.ofDays(30)), 7);
    private final SignedPeerBinding signed = SignedPeerBinding.sign(binding, DOMAIN, ACCOUNT, PEER);

    private static KeyPair peer(String name) {
        return KeyPair.ofSeed(Bytes32.keccak(name).bytes());
    }

    private static PeerBinding until(Instant notAfter) {
        return new PeerBinding(PEER.peerId(), ACCOUNT.account(), notAfter, 7);
    }

    @Test
    void is_relied_on_when_both_keys_signed_it_and_it_is_in_time() throws LedgerFormatException {
        var received = SignedPeerBinding.decode(signed.encode());

        assertThat(received).isEqualTo(signed);
        assertThat(received.fault(DOMAIN, NOW)).isEmpty();
    }

    @Test
    void nobody_can_claim_anothers_account_or_anothers_peer() {
        var thief = AccountKey.of(Bytes32.keccak("thief"));
        var thiefPeer = peer("thief");
        var digest = binding.digest(DOMAIN);
        var prefixed =
                ByteString.copyFromUtf8("smartnodes:peer-binding:v1\0").concat(digest.bytes());
        var othersAccount =
                new SignedPeerBinding(binding, thief.sign(digest), signed.peerSignature());
        var othersPeer =
                new SignedPeerBinding(binding, signed.accountSignature(), thiefPeer.sign(prefixed));

        assertThat(new SignedPeerBinding(binding, ACCOUNT.sign(digest), PEER.sign(prefixed)))
                .isEqualTo(signed);
        assertThat(code(othersAccount)).isEqualTo(Rejection.BAD_SIGNATURE);
        assertThat(code(othersPeer)).isEqualTo(Rejection.BAD_SIGNATURE);
        assertThatThrownBy(() -> SignedPeerBinding.sign(binding, DOMAIN, thief, PEER))
                .hasMessageContaining("cannot sign for");
        assertThatThrownBy(() -> SignedPeerBinding.sign(binding, DOMAIN, ACCOUNT, thiefPeer))
                .hasMessageContaining("cannot sign for");
    }

    @Test
    void each_field_is_under_both_signatures() {
        var other = peer("another").peerId();
        var neighbours =
                List.of(
                        new PeerBinding(other, binding.account(), binding.notAfter(), 7),
                        new PeerBinding(
                                binding.peerId(),
                                AccountKey.of(Bytes32.keccak("another")).account(),
                                binding.notAfter(),
                                7),
                        until(binding.notAfter().plusSeconds(1)),
                        new PeerBinding(
                                binding.peerId(), binding.account(), binding.notAfter(), 8));

        for (var neighbour : neighbours) {
            var digest = neighbour.digest(DOMAIN);
            var byAccount =
                    new SignedPeerBinding(neighbour, ACCOUNT.sign(digest), signed.peerSignature());
            var forged =
                    new SignedPeerBinding(
                            neighbour, signed.accountSignature(), signed.peerSignature());
            assertThat(code(byAccount)).isEqualTo(Rejection.BAD_SIGNATURE);
            assertThat(code(forged)).isEqualTo(Rejection.BAD_SIGNATURE);
        }
    }

    @Test
    void is_worth_nothing_in_another_network() {
        assertThat(signed.fault(Domain.privateNetwork("other"), NOW).orElseThrow().code())
                .isEqualTo(Rejection.BAD_SIGNATURE);
    }

    @Test
    void holds_until_its_last_second_give_or_take_the_clocks() {
        var end = binding.notAfter().plus(SignedPeerBinding.CLOCK_SKEW);

        assertThat(signed.fault(DOMAIN, end)).isEmpty();
        assertThat(signed.fault(DOMAIN, end.plusMillis(1)).map(Rejected::code))
                .contains(Rejection.BINDING_EXPIRED);
    }

    @Test
    void reaches_ninety_days_ahead_and_no_further() {
        var last = NOW.plus(SignedPeerBinding.LIFETIME_MAX).plus(SignedPeerBinding.CLOCK_SKEW);
        var longest = SignedPeerBinding.sign(until(last), DOMAIN, ACCOUNT, PEER);
        var longer = SignedPeerBinding.sign(until(last.plusSeconds(1)), DOMAIN, ACCOUNT, PEER);

        assertThat(longest.fault(DOMAIN, NOW)).isEmpty();
        assertThat(code(longer)).isEqualTo(Rejection.BINDING_TOO_LONG);
    }

    @Test
    void a_peer_whose_id_does_not_hold_its_key_cannot_be_bound() {
        var sha256 = ByteString.copyFrom(new byte[] {0x12, 0x20}).concat(Bytes32.ZERO.bytes());
        var hashed = new PeerBinding(new PeerId(sha256), ACCOUNT.account(), binding.notAfter(), 7);
        var claimed =
                new SignedPeerBinding(
                        hashed, ACCOUNT.sign(hashed.digest(DOMAIN)), signed.peerSignature());

        assertThat(code(claimed)).isEqualTo(Rejection.BAD_SIGNATURE);
    }

    @Test
    void a_higher_serial_replaces_and_an_equal_one_with_other_content_contradicts() {
        var newer = new PeerBinding(binding.peerId(), binding.account(), binding.notAfter(), 8);
        var other = until(binding.notAfter().plusSeconds(1));

        assertThat(newer.replaces(binding)).isTrue();
        assertThat(binding.replaces(newer)).isFalse();
        assertThat(other.contradicts(binding)).isTrue();
        assertThat(binding.contradicts(binding)).isFalse();
        assertThat(newer.contradicts(binding)).isFalse();
    }

    private static Rejection code(SignedPeerBinding binding) {
        return binding.fault(DOMAIN, NOW).orElseThrow().code();
    }
}
