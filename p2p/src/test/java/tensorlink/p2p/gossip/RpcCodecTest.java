package tensorlink.p2p.gossip;

import static org.assertj.core.api.Assertions.assertThat;
import static tensorlink.p2p.gossip.Cast.TOPIC;

import com.google.protobuf.ByteString;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import tensorlink.p2p.core.ProtocolViolation;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.KeyType;
import tensorlink.p2p.wire.GossipPublication;

/** RPCs to bytes and back, and what a signature covers. */
class RpcCodecTest {
    private static final ByteString DATA = ByteString.copyFromUtf8("data");

    private final RpcCodec codec =
            new RpcCodec(SignaturePolicy.STRICT_SIGN, GossipLimits.defaults());

    @Test
    void what_is_encoded_is_decoded_again() throws ProtocolViolation {
        var id = ByteString.copyFromUtf8("id");
        var rpc =
                new Rpc(
                        List.of(new Rpc.Interest(TOPIC, true), new Rpc.Interest("other", false)),
                        List.of(GossipMessage.signed(Cast.key(1), 1, TOPIC, DATA)),
                        List.of(new Rpc.Have(TOPIC, List.of(id, id))),
                        List.of(id),
                        List.of(TOPIC),
                        List.of(
                                new Rpc.Prune(
                                        TOPIC, List.of(new Rpc.Exchanged(Cast.peer(2), id)), 60)),
                        List.of(id));

        assertThat(codec.decode(codec.encode(rpc))).isEqualTo(rpc);
    }

    @Test
    void the_bytes_are_those_of_the_specification() {
        assertThat(hex(Rpc.of(new Rpc.Interest("t", true)))).isEqualTo("0a0508011201" + "74");
        assertThat(hex(Rpc.grafting("t"))).isEqualTo("1a051a030a0174");
        assertThat(hex(Rpc.of(new Rpc.Prune("t", List.of(), 60)))).isEqualTo("1a0722050a0174183c");
        assertThat(hex(Rpc.wanting(List.of(ByteString.copyFromUtf8("i")))))
                .isEqualTo("1a0512030a0169");
        assertThat(hex(Rpc.declining(List.of(ByteString.copyFromUtf8("i")))))
                .isEqualTo("1a052a030a0169");
        assertThat(hex(Rpc.of(new Rpc.Have("t", List.of(ByteString.copyFromUtf8("i"))))))
                .isEqualTo("1a080a060a0174120169");
    }

    private String hex(Rpc rpc) {
        return HexFormat.of().formatHex(codec.encode(rpc).toByteArray());
    }

    @Test
    void a_message_is_genuine_with_every_kind_of_key_and_not_after_any_change() throws Exception {
        for (var type : List.of(KeyType.ED25519, KeyType.SECP256K1, KeyType.ECDSA)) {
            var message = GossipMessage.signed(KeyPair.generate(type), 1, TOPIC, DATA);
            var fields = GossipPublication.parseFrom(message.encoded());

            assertThat(decoded(fields).isGenuine()).as(type.name()).isTrue();
            assertThat(fields.hasKey()).isEqualTo(type == KeyType.ECDSA);
            assertThat(decoded(fields.toBuilder().setData(DATA.concat(DATA)).build()).isGenuine())
                    .isFalse();
            assertThat(
                            decoded(
                                            fields.toBuilder()
                                                    .setTopic(ByteString.copyFromUtf8("other"))
                                                    .build())
                                    .isGenuine())
                    .isFalse();
            assertThat(
                            decoded(
                                            fields.toBuilder()
                                                    .setSeqno(ByteString.copyFrom(new byte[8]))
                                                    .build())
                                    .isGenuine())
                    .isFalse();
        }
    }

    private GossipMessage decoded(GossipPublication fields) throws ProtocolViolation {
        return GossipMessage.decode(
                fields.toByteString(), SignaturePolicy.STRICT_SIGN, GossipLimits.defaults());
    }

    @Test
    void a_message_has_its_author_its_number_and_their_id() {
        var message = GossipMessage.signed(Cast.key(1), 0x0102030405060708L, TOPIC, DATA);

        assertThat(message.author()).contains(Cast.peer(1));
        assertThat(message.sequence()).hasValue(0x0102030405060708L);
        assertThat(MessageId.byAuthor().of(message))
                .isEqualTo(
                        Cast.peer(1)
                                .multihash()
                                .concat(
                                        ByteString.copyFrom(
                                                HexFormat.of().parseHex("0102030405060708"))));
    }

    @Test
    void topic_and_data_cannot_be_shifted_against_each_other_in_an_id() {
        var one = GossipMessage.unsigned("ab", ByteString.copyFromUtf8("c"));
        var two = GossipMessage.unsigned("a", ByteString.copyFromUtf8("bc"));

        assertThat(MessageId.byContent().of(one)).isNotEqualTo(MessageId.byContent().of(two));
    }

    @Test
    void fields_that_we_do_not_know_are_not_passed_on() throws ProtocolViolation {
        var plain = GossipMessage.signed(Cast.key(1), 1, TOPIC, DATA);
        var longer = plain.encoded().concat(ByteString.copyFrom(new byte[] {0x7a, 1, 0}));

        var decoded =
                GossipMessage.decode(longer, SignaturePolicy.STRICT_SIGN, GossipLimits.defaults());

        assertThat(decoded).isEqualTo(plain);
        assertThat(decoded.isGenuine()).isTrue();
    }

    @Test
    void random_bytes_are_refused_or_read_and_never_anything_else() {
        long seed = 4;
        var random = new Random(seed);
        var valid =
                codec.encode(Rpc.of(GossipMessage.signed(Cast.key(1), 1, TOPIC, DATA)))
                        .toByteArray();
        int refused = 0;
        for (int i = 0; i < 20_000; i++) {
            var bytes = valid.clone();
            for (int k = random.nextInt(4); k >= 0; k--) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
            }
            try {
                codec.decode(ByteString.copyFrom(bytes, 0, random.nextInt(bytes.length + 1)));
            } catch (ProtocolViolation violation) {
                refused++;
            } catch (RuntimeException bug) {
                throw new AssertionError("seed " + seed + ", case " + i, bug);
            }
        }
        assertThat(refused).isBetween(1, 19_999);
    }
}
