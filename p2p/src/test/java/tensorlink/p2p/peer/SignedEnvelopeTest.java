package tensorlink.p2p.peer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import java.security.SignatureException;
import java.util.List;
import org.junit.jupiter.api.Test;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.wire.Envelope;
import tensorlink.p2p.wire.SignedAddresses;

class SignedEnvelopeTest {
    private static final ByteString TYPE = ByteString.copyFromUtf8("/test");
    private static final ByteString PAYLOAD = ByteString.copyFromUtf8("payload");

    private final KeyPair signer = KeyPair.generate();

    @Test
    void opens_what_was_sealed() throws SignatureException {
        var sealed = SignedEnvelope.seal(signer, "domain", TYPE, PAYLOAD).encode();

        var opened = SignedEnvelope.open(sealed, "domain", TYPE);

        assertThat(opened.signer()).isEqualTo(signer.publicKey());
        assertThat(opened.payload()).isEqualTo(PAYLOAD);
    }

    @Test
    void does_not_open_for_another_domain_or_type() {
        var sealed = SignedEnvelope.seal(signer, "domain", TYPE, PAYLOAD).encode();

        assertThatThrownBy(() -> SignedEnvelope.open(sealed, "other", TYPE))
                .isInstanceOf(SignatureException.class)
                .hasMessageContaining("is not by");
        assertThatThrownBy(() -> SignedEnvelope.open(sealed, "domain", PAYLOAD))
                .isInstanceOf(SignatureException.class)
                .hasMessageContaining("another type");
    }

    @Test
    void does_not_open_when_any_byte_was_changed() {
        var sealed = SignedEnvelope.seal(signer, "domain", TYPE, PAYLOAD).encode();

        for (int i = 0; i < sealed.size(); i++) {
            var changed = sealed.toByteArray();
            changed[i] ^= 1;
            assertThatThrownBy(
                            () -> SignedEnvelope.open(ByteString.copyFrom(changed), "domain", TYPE))
                    .as("byte %d changed", i)
                    .isInstanceOf(SignatureException.class);
        }
    }

    @Test
    void does_not_open_when_it_is_cut_off() {
        var sealed = SignedEnvelope.seal(signer, "domain", TYPE, PAYLOAD).encode();

        for (int length = 0; length < sealed.size(); length++) {
            var cut = sealed.substring(0, length);
            assertThatThrownBy(() -> SignedEnvelope.open(cut, "domain", TYPE))
                    .as("first %d bytes", length)
                    .isInstanceOf(SignatureException.class);
        }
    }

    @Test
    void does_not_open_under_another_signers_name() throws Exception {
        var sealed = SignedEnvelope.seal(signer, "domain", TYPE, PAYLOAD).encode();
        var renamed =
                Envelope.parseFrom(sealed).toBuilder()
                        .setPublicKey(KeyPair.generate().publicKey().encode())
                        .build();

        assertThatThrownBy(() -> SignedEnvelope.open(renamed.toByteString(), "domain", TYPE))
                .isInstanceOf(SignatureException.class);
    }

    @Test
    void a_peer_record_opens_with_its_addresses() throws SignatureException {
        var record =
                new PeerRecord(
                        signer.peerId(), 42, List.of(Multiaddr.parse("/ip4/192.0.2.7/tcp/1")));

        var opened = PeerRecord.open(record.seal(signer).encode());

        assertThat(opened).isEqualTo(record);
    }

    @Test
    void a_peer_cannot_sign_the_record_of_another() {
        var other = KeyPair.generate();
        var foreign =
                SignedAddresses.newBuilder()
                        .setPeerId(other.peerId().multihash())
                        .setSeq(1)
                        .build()
                        .toByteString();
        var type = ByteString.copyFrom(new byte[] {3, 1});
        var forged = SignedEnvelope.seal(signer, "libp2p-peer-record", type, foreign).encode();

        assertThatThrownBy(() -> PeerRecord.open(forged))
                .isInstanceOf(SignatureException.class)
                .hasMessageContaining("is signed by");
        assertThatThrownBy(() -> new PeerRecord(other.peerId(), 1, List.of()).seal(signer))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void a_peer_record_of_garbage_is_refused() {
        var type = ByteString.copyFrom(new byte[] {3, 1});
        var garbage = SignedEnvelope.seal(signer, "libp2p-peer-record", type, PAYLOAD).encode();
        var negative =
                SignedEnvelope.seal(
                                signer,
                                "libp2p-peer-record",
                                type,
                                SignedAddresses.newBuilder()
                                        .setPeerId(signer.peerId().multihash())
                                        .setSeq(-1)
                                        .build()
                                        .toByteString())
                        .encode();

        assertThatThrownBy(() -> PeerRecord.open(garbage)).isInstanceOf(SignatureException.class);
        assertThatThrownBy(() -> PeerRecord.open(negative)).isInstanceOf(SignatureException.class);
    }
}
