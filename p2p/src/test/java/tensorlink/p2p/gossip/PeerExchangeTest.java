package tensorlink.p2p.gossip;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.security.SignatureException;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tensorlink.p2p.Eventually;
import tensorlink.p2p.HostConfig;
import tensorlink.p2p.Libp2p;
import tensorlink.p2p.MemoryNetwork;
import tensorlink.p2p.core.Host;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.PeerRecord;

/** Recommendations, honest and forged. */
@Timeout(60)
class PeerExchangeTest {
    private static final Multiaddr THERE = Multiaddr.parse("/memory/there");

    private final MemoryNetwork memory = new MemoryNetwork(1);
    private final KeyPair key = KeyPair.generate();
    private Host here;
    private Host there;
    private PeerExchange exchange;

    @BeforeEach
    @SuppressWarnings("NullAway.Init")
    void start() throws IOException, InterruptedException {
        var config = HostConfig.defaults().withMemory(memory).withEventLoops(1);
        here = Libp2p.start(KeyPair.generate(), config.withListen());
        there = Libp2p.start(key, config.withListen(THERE));
        exchange = new PeerExchange(here, Scheduler.system());
    }

    @AfterEach
    void stop() {
        here.close();
        there.close();
        memory.close();
    }

    private static ByteString record(KeyPair about, Multiaddr... addresses) {
        return new PeerRecord(about.peerId(), 1, List.of(addresses)).seal(about).encode();
    }

    @Test
    void a_peer_is_dialled_where_its_own_record_says_and_recommended_further()
            throws SignatureException {
        var record = record(key, THERE);

        exchange.connect(key.peerId(), record);

        Eventually.until("we are connected", () -> here.connections().size() == 1);
        Eventually.until(
                "it has said where it is, signed", () -> !exchange.record(key.peerId()).isEmpty());
        assertThat(PeerRecord.open(exchange.record(key.peerId())).addresses())
                .containsExactly(THERE);
    }

    @Test
    void a_record_about_somebody_else_or_with_a_false_signature_is_worth_nothing() {
        var other = KeyPair.generate();
        var forged = record(key, THERE).toByteArray();
        forged[forged.length - 1] ^= 1;

        exchange.connect(key.peerId(), record(other, THERE));
        exchange.connect(key.peerId(), ByteString.copyFrom(forged));
        exchange.connect(key.peerId(), ByteString.copyFromUtf8("garbage"));
        exchange.connect(other.peerId(), record(other, THERE));

        Eventually.until(
                "the last one is looked at",
                () -> !here.peers().addresses(other.peerId()).isEmpty());
        assertThat(here.peers().addresses(key.peerId())).isEmpty();
        assertThat(here.connections()).isEmpty();
    }
}
