package tensorlink.node;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tensorlink.jobs.message.Protocols;
import tensorlink.p2p.HostConfig;
import tensorlink.p2p.Libp2p;
import tensorlink.p2p.core.Host;
import tensorlink.p2p.core.ProtocolId;
import tensorlink.p2p.core.Stream;
import tensorlink.p2p.core.StreamHandler;
import tensorlink.p2p.peer.KeyPair;

@Timeout(30)
class BusyPeersTest {
    private static final Protocols PROTOCOLS = new Protocols("lab");
    private static final StreamHandler ECHO =
            stream -> stream.writeMessage(stream.readMessage(100));

    @Test
    void a_peer_is_protected_as_long_as_a_stream_of_a_job_is_open_with_it() throws Exception {
        try (var worker = host();
                var user = host();
                var _ = BusyPeers.watch(user, PROTOCOLS)) {
            worker.handle(PROTOCOLS.weights(), ECHO);
            worker.handle(PROTOCOLS.kad(), ECHO);
            user.connect(worker.info());

            try (var _ = open(user, worker, PROTOCOLS.kad())) {
                assertThat(user.control().isProtected(worker.id())).isFalse();
            }
            try (var _ = open(user, worker, PROTOCOLS.weights())) {
                open(user, worker, PROTOCOLS.weights()).close();
                assertThat(user.control().isProtected(worker.id())).isTrue();
            }

            while (user.control().isProtected(worker.id())) {
                LockSupport.parkNanos(1_000_000);
            }
        }
    }

    private static Stream open(Host from, Host to, ProtocolId protocol) throws Exception {
        var stream = from.open(to.id(), protocol);
        stream.writeMessage(ByteString.copyFromUtf8("hello"));
        stream.readMessage(100);
        return stream;
    }

    private static Host host() throws Exception {
        return Libp2p.start(KeyPair.generate(), HostConfig.defaults());
    }
}
