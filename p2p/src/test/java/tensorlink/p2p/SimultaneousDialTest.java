package tensorlink.p2p;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tensorlink.p2p.core.Host;
import tensorlink.p2p.core.ProtocolId;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.KeyPair;

/**
 * Two hosts that dial each other at the same moment, each from the port at which it listens. Over
 * TCP the kernel may make one connection of the two, and both sides believe that they dialled it.
 */
@Timeout(120)
class SimultaneousDialTest {
    private static final ProtocolId GREET = ProtocolId.of("/test/greet/1.0.0");
    private static final int ROUNDS = 40;

    @ParameterizedTest
    @ValueSource(strings = {"/ip4/127.0.0.1/tcp/0", "/ip4/127.0.0.1/udp/0/quic-v1"})
    void both_reach_the_other_and_go_on_to_do_so(String address) throws Exception {
        try (var alice = host(address);
                var bob = host(address)) {
            for (int round = 0; round < ROUNDS; round++) {
                var start = new CyclicBarrier(2);
                var here = new FutureTask<>(() -> greetingOf(bob, alice, start));
                var there = new FutureTask<>(() -> greetingOf(alice, bob, start));

                Scheduler.system().fork("alice", here);
                Scheduler.system().fork("bob", there);

                assertThat(here.get()).as("round %d", round).isEqualTo("hello");
                assertThat(there.get()).as("round %d", round).isEqualTo("hello");
                alice.disconnect(bob.id());
                bob.disconnect(alice.id());
                Eventually.until("alice is alone", () -> alice.connections().isEmpty());
                Eventually.until("bob is alone", () -> bob.connections().isEmpty());
            }
        }
    }

    private static String greetingOf(Host other, Host self, CyclicBarrier start) throws Exception {
        start.await();
        self.connect(other.info());
        try (var stream = self.open(other.id(), GREET)) {
            return stream.readMessage(100).toStringUtf8();
        }
    }

    private static Host host(String address) throws Exception {
        var host =
                Libp2p.start(
                        KeyPair.generate(),
                        HostConfig.defaults()
                                .withHolePunching()
                                .withListen(Multiaddr.parse(address)));
        host.handle(GREET, stream -> stream.writeMessage(ByteString.copyFromUtf8("hello")));
        return host;
    }
}
