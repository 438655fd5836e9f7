package tensorlink.node.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import java.net.URI;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import tensorlink.ledger.Account;
import tensorlink.ledger.AccountKey;
import tensorlink.ledger.Bytes32;
import tensorlink.ledger.evm.EvmChain;
import tensorlink.ledger.evm.EvmConfig.Deployment;
import tensorlink.ledger.smartnodes.SmartnodesConfig;
import tensorlink.node.wire.DescriptorTerms;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.PreSharedKey;
import tensorlink.p2p.peer.SignedEnvelope;

class DescriptorTest {
    @Test
    void it_is_read_as_it_was_signed() throws Exception {
        var read = Descriptor.decode(Founded.TEAM.encode());

        assertThat(read).isEqualTo(Founded.TEAM);
        assertThat(read.terms()).isEqualTo(Founded.TERMS);
        assertThat(read.founder()).isEqualTo(Founded.FOUNDER.peerId());
        assertThat(read.id()).isEqualTo(Founded.TEAM.id()).hasSize(26);
        assertThat(read.label()).isEqualTo("team-" + read.id().substring(0, 8));
        assertThat(read.prefix()).isEqualTo("/tensorlink/" + read.label());
    }

    @Test
    void each_kind_of_ledger_is_read_as_it_was_signed() throws Exception {
        var contract =
                new LedgerTerms.Contract(
                        8453,
                        Account.ZERO,
                        ByteString.copyFrom(new byte[32]),
                        17,
                        List.of(URI.create("https://rpc.example")));
        var smartnodes =
                new LedgerTerms.Smartnodes(
                        new SmartnodesConfig(
                                EvmChain.of(84_532, List.of(URI.create("wss://rpc.example"))),
                                deployment("core"),
                                deployment("coordinator"),
                                deployment("token")));
        var open = Descriptor.Terms.open("lab", Founded.NOW, new SplittableRandom(2));

        for (var terms : List.of(open, open.ledger(contract), open.ledger(smartnodes))) {
            var read = Descriptor.decode(Descriptor.found(Founded.FOUNDER, terms).encode());

            assertThat(read.terms().ledger()).isEqualTo(terms.ledger());
            assertThat(read.isPrivate()).isFalse();
        }
    }

    private static Deployment deployment(String name) {
        return new Deployment(
                AccountKey.of(Bytes32.keccak(name)).account(), Bytes32.keccak(name), 17);
    }

    @Test
    void a_key_is_told_from_every_other_and_is_not_in_it() {
        assertThat(Founded.TEAM.isPrivate()).isTrue();
        assertThat(Founded.TEAM.isKey(Founded.KEY)).isTrue();
        assertThat(Founded.TEAM.isKey(PreSharedKey.generate())).isFalse();
        var bytes = Founded.TEAM.encode();
        for (int at = 0; at + 8 <= bytes.size(); at++) {
            assertThat(bytes.substring(at, at + 8))
                    .isNotEqualTo(Founded.KEY.secret().substring(0, 8));
        }
    }

    @Test
    void the_same_name_by_another_founder_or_with_another_salt_is_another_network() {
        var other = KeyPair.ofSeed(ByteString.copyFromUtf8("another founder of thirty-two by"));
        var again = Descriptor.Terms.open("team", Founded.NOW, new SplittableRandom(2));

        assertThat(Descriptor.found(other, Founded.TERMS).id()).isNotEqualTo(Founded.TEAM.id());
        assertThat(Descriptor.found(Founded.FOUNDER, again).id()).isNotEqualTo(Founded.TEAM.id());
    }

    @Test
    void a_description_with_any_bit_changed_or_its_end_lost_is_refused() {
        var bytes = Founded.TEAM.encode().toByteArray();

        for (int bit = 0; bit < bytes.length * Byte.SIZE; bit++) {
            var changed = bytes.clone();
            changed[bit / Byte.SIZE] ^= (byte) (1 << (bit % Byte.SIZE));
            assertThatThrownBy(() -> Descriptor.decode(ByteString.copyFrom(changed)))
                    .as("bit %d", bit)
                    .isInstanceOf(NetworkException.class);
        }
        for (int length = 0; length < bytes.length; length++) {
            var cut = ByteString.copyFrom(bytes, 0, length);
            assertThatThrownBy(() -> Descriptor.decode(cut))
                    .as("%d bytes", length)
                    .isInstanceOf(NetworkException.class);
        }
    }

    @Test
    void one_that_is_too_tooLongis_refused_before_it_is_read() {
        var tooLong = ByteString.copyFrom(new byte[Descriptor.BYTES_MAX + 1]);

        assertThatThrownBy(() -> Descriptor.decode(tooLong))
                .hasMessage("network description of 4097 bytes, limit 4096");
    }

    @Test
    void well_signed_nonsense_is_refused_with_the_field_and_its_limit() {
        refused("network name \"UP\"", good().setName("UP"));
        refused("salt of 3 bytes, expected 16", good().setSalt(bytes(3)));
        refused("key commitment of 31 bytes, expected 32", good().setKeyCommitment(bytes(31)));
        refused("", good().addBootstrap(bytes(5)));
        refused(
                "17 bootstrap addresses, limit 16",
                good().addAllBootstrap(Collections.nCopies(17, bytes(1))));
        refused("an account has 20 bytes", withIssuer(19));
    }

    @Test
    void a_signature_for_another_purpose_is_none() {
        var payload = good().build().toByteString();
        var type = ByteString.copyFromUtf8("/tensorlink/network-descriptor/1");
        var sealed = SignedEnvelope.seal(Founded.FOUNDER, "another", type, payload);

        assertThatThrownBy(() -> Descriptor.decode(sealed.encode()))
                .isInstanceOf(NetworkException.class)
                .hasMessageContaining("signature");
    }

    @Test
    void a_name_is_short_and_plain() {
        for (var bad : List.of("", "-a", "A", "a b", "a/b", "a".repeat(41), "ä")) {
            assertThatThrownBy(
                            () -> Descriptor.Terms.open(bad, Founded.NOW, new SplittableRandom(1)))
                    .as(bad)
                    .hasMessageContaining("network name \"" + bad + "\": 1 to 40");
        }
        var longest = Descriptor.Terms.open("a".repeat(40), Founded.NOW, new SplittableRandom(1));
        assertThat(longest.keyCommitment()).isEqualTo(Optional.empty());
    }

    private static DescriptorTerms.Builder good() {
        return DescriptorTerms.newBuilder().setName("team").setSalt(bytes(16));
    }

    private static DescriptorTerms.Builder withIssuer(int size) {
        var terms = good();
        terms.getFileBuilder().setIssuer(bytes(size));
        return terms;
    }

    private static ByteString bytes(int count) {
        return ByteString.copyFrom(new byte[count]);
    }

    private static void refused(String why, DescriptorTerms.Builder terms) {
        var sealed =
                SignedEnvelope.seal(
                        Founded.FOUNDER,
                        "tensorlink network descriptor",
                        ByteString.copyFromUtf8("/tensorlink/network-descriptor/1"),
                        terms.build().toByteString());

        assertThatThrownBy(() -> Descriptor.decode(sealed.encode()))
                .isInstanceOf(NetworkException.class)
                .hasMessageStartingWith("not a network's description: ")
                .hasMessageContaining(why);
    }
}
