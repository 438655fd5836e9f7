package tensorlink.p2p.pnet;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tensorlink.p2p.HostConfig;
import tensorlink.p2p.Libp2p;
import tensorlink.p2p.core.DialException;
import tensorlink.p2p.core.Host;
import tensorlink.p2p.core.Limits;
import tensorlink.p2p.core.PrivateNetworkException;
import tensorlink.p2p.core.ProtocolId;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.PreSharedKey;

@Timeout(60)
class PrivateNetworkTest {
    private static final ProtocolId ECHO = ProtocolId.of("/test/echo/1.0.0");
    private static final PreSharedKey KEY = PreSharedKey.generate();
    private static final String TCP = "/ip4/127.0.0.1/tcp/0";

    private final List<Host> hosts = new ArrayList<>();

    @AfterEach
    void stop() {
        hosts.forEach(Host::close);
    }

    @ParameterizedTest
    @ValueSource(strings = {TCP, TCP + "/ws"})
    void members_meet_over_every_kind_of_socket(String address) throws Exception {
        var server = host(Optional.of(KEY), address);
        var client = host(Optional.of(KEY), address);
        var bytes = ByteString.copyFrom(new byte[1_000_000]);

        client.connect(server.info());

        try (var stream = client.open(server.id(), ECHO)) {
            stream.writeMessage(bytes);
            assertThat(stream.readMessage(bytes.size())).isEqualTo(bytes);
        }
    }

    @Test
    void a_member_refuses_whoever_has_another_key_or_none_and_says_why() throws Exception {
        var limits = Limits.defaults();
        var second = Duration.ofSeconds(1);
        var impatient =
                limits.withDialling(limits.dialling().withTimeout(second))
                        .withConnections(limits.connections().withUpgradeTimeout(second));
        var member = host(Optional.of(KEY), TCP, impatient);
        for (var key :
                List.of(Optional.of(PreSharedKey.generate()), Optional.<PreSharedKey>empty())) {
            var stranger = host(key, TCP, impatient);

            assertThatThrownBy(() -> member.connect(stranger.info()))
                    .isInstanceOfSatisfying(
                            DialException.class,
                            failure ->
                                    assertThat(failure.attempts().getFirst().cause())
                                            .isInstanceOf(PrivateNetworkException.class)
                                            .hasMessageContaining(KEY.fingerprint()));
            assertThatThrownBy(() -> stranger.connect(member.info()))
                    .isInstanceOf(DialException.class);
            assertThat(stranger.connections()).isEmpty();
        }
        assertThat(member.connections()).isEmpty();
    }

    @Test
    void nobody_there_is_not_taken_for_another_network() throws Exception {
        var member = host(Optional.of(KEY), TCP);
        var gone = host(Optional.of(KEY), TCP);
        var info = gone.info();
        gone.close();

        assertThatThrownBy(() -> member.connect(info))
                .isInstanceOfSatisfying(
                        DialException.class,
                        failure ->
                                assertThat(failure.attempts().getFirst().cause())
                                        .isNotInstanceOf(PrivateNetworkException.class));
    }

    @Test
    void quic_has_no_place_in_a_private_network() {
        var quic = Multiaddr.parse("/ip4/127.0.0.1/udp/0/quic-v1");

        assertThatThrownBy(() -> HostConfig.defaults().withPrivateNetwork(KEY).withListen(quic))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("QUIC");
    }

    @Test
    void bytes_are_mixed_with_the_key_stream_however_they_are_cut() {
        var message = "hello, private network, which is longer than a block of sixty-four bytes";
        var sender = channel();
        var nonce = sent(sender);
        sender.writeOutbound(Unpooled.copiedBuffer(message.substring(0, 5).getBytes(US_ASCII)));
        sender.writeOutbound(Unpooled.copiedBuffer(message.substring(5).getBytes(US_ASCII)));
        var ciphertext = sent(sender);

        assertThat(nonce).hasSize(2 * PrivateChannel.NONCE_BYTES);
        assertThat(ciphertext).hasSize(2 * message.length()).doesNotContain("68656c6c6f");
        var whole = HexFormat.of().parseHex(nonce + ciphertext);
        for (int cut = 0; cut <= whole.length; cut++) {
            var receiver = channel();
            receiver.writeInbound(Unpooled.copiedBuffer(whole, 0, cut));
            receiver.writeInbound(Unpooled.copiedBuffer(whole, cut, whole.length - cut));
            var read = new StringBuilder();
            for (ByteBuf in = receiver.readInbound(); in != null; in = receiver.readInbound()) {
                read.append(in.toString(US_ASCII));
                in.release();
            }
            assertThat(read).as("cut at %d", cut).hasToString(message);
            receiver.finishAndReleaseAll();
        }
        sender.finishAndReleaseAll();
    }

    private static EmbeddedChannel channel() {
        return new EmbeddedChannel(new PrivateChannel(KEY, new SecureRandom()));
    }

    private static String sent(EmbeddedChannel channel) {
        var hex = new StringBuilder();
        for (ByteBuf out = channel.readOutbound(); out != null; out = channel.readOutbound()) {
            hex.append(ByteBufUtil.hexDump(out));
            out.release();
        }
        return hex.toString();
    }

    private Host host(Optional<PreSharedKey> key, String address) throws Exception {
        return host(key, address, Limits.defaults());
    }

    private Host host(Optional<PreSharedKey> key, String address, Limits limits) throws Exception {
        var config = HostConfig.defaults().withListen(Multiaddr.parse(address)).withLimits(limits);
        var host =
                Libp2p.start(
                        KeyPair.generate(), key.map(config::withPrivateNetwork).orElse(config));
        host.handle(ECHO, stream -> stream.writeMessage(stream.readMessage(2_000_000)));
        hosts.add(host);
        return host;
    }
}
