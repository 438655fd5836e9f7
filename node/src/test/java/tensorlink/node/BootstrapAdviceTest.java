package tensorlink.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketTimeoutException;
import java.util.List;
import org.junit.jupiter.api.Test;
import tensorlink.dht.BootstrapReport;
import tensorlink.jobs.job.Problem;
import tensorlink.p2p.core.DialException;
import tensorlink.p2p.core.UnsupportedProtocolException;
import tensorlink.p2p.core.WrongPeerException;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.peer.PeerInfo;

/** From what a dial met to what an operator can do. */
class BootstrapAdviceTest {
    private static final Multiaddr PLACE = Multiaddr.parse("/ip4/192.0.2.7/tcp/4001");

    private final PeerId peer = KeyPair.generate().peerId();
    private final PeerId other = KeyPair.generate().peerId();

    @Test
    void every_cause_has_its_own_why_and_now() {
        assertThat(on(dial(new WrongPeerException(peer, other))).why())
                .isEqualTo("another peer answers there: " + other);
        assertThat(on(dial(new IOException("x", new ConnectException("refused")))).why())
                .isEqualTo("nothing listens there");
        assertThat(on(new UnsupportedProtocolException("none of them")).why())
                .isEqualTo("it is no part of network \"lab\"");
        var slow = on(dial(new SocketTimeoutException("no answer within 15 s")));
        assertThat(slow.why()).contains(PLACE + ": no answer within 15 s");
        assertThat(slow.now())
                .isEqualTo("see that the node runs, and that no firewall is in between");
    }

    @Test
    void a_peer_that_has_said_what_it_serves_is_told_with_the_name_of_its_network() {
        var advice =
                new BootstrapAdvice(
                        "lab", _ -> List.of("/ipfs/ping/1.0.0", "/tensorlink/other/kad/1.0.0"));

        var problem =
                advice.on(report(new UnsupportedProtocolException("none of them"))).getFirst();

        assertThat(problem.why()).isEqualTo("it is no part of network \"lab\" but of \"other\"");
    }

    @Test
    void several_peers_are_told_together() {
        var advice = new BootstrapAdvice("lab", _ -> List.of());
        var problems =
                advice.on(
                        new BootstrapReport(
                                List.of(),
                                List.of(
                                        failure(dial(new ConnectException("refused"))),
                                        failure(dial(new WrongPeerException(peer, other))))));

        var all = advice.alone(problems);

        assertThat(all.what()).isEqualTo("network \"lab\" cannot be joined");
        assertThat(all.why()).contains("nothing listens there; bootstrap peer " + PLACE);
        assertThat(all.why()).endsWith("another peer answers there: " + other);
        assertThat(all.now()).isEqualTo(problems.getFirst().now());
    }

    private Problem on(IOException cause) {
        return new BootstrapAdvice("lab", _ -> List.of()).on(report(cause)).getFirst();
    }

    private BootstrapReport report(IOException cause) {
        return new BootstrapReport(List.of(), List.of(failure(cause)));
    }

    private BootstrapReport.Failure failure(IOException cause) {
        return new BootstrapReport.Failure(new PeerInfo(peer, List.of(PLACE)), cause);
    }

    private DialException dial(IOException cause) {
        return new DialException(peer, List.of(new DialException.Attempt(PLACE, cause)));
    }
}
