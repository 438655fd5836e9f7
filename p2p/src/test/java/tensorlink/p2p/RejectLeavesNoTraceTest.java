package tensorlink.p2p;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tensorlink.p2p.core.Host;
import tensorlink.p2p.core.ProtocolId;
import tensorlink.p2p.core.Stream;
import tensorlink.p2p.peer.KeyPair;

/**
 * Second shape of the advisories: state that is registered before what asks for it is valid (a
 * yamux SYN with too much data). A host that has refused every bad file of a protocol is as it was
 * before, and a stream that was open all the while has not lost a byte.
 */
@Timeout(120)
public abstract class RejectLeavesNoTraceTest {
    private static final ProtocolId ECHO = ProtocolId.of("/test/echo/1.0.0");

    /** The folder of bad files. */
    protected abstract String folder();

    /** Brings {@code input} to where the decoder of this protocol takes it. */
    protected abstract RawPeer send(Host victim, byte[] input) throws Exception;

    protected HostConfig victim() {
        return HostConfig.defaults().withEventLoops(1);
    }

    protected HostConfig honest() {
        return HostConfig.defaults().withEventLoops(1);
    }

    @Test
    void a_host_that_refused_everything_is_as_it_was() throws Exception {
        try (var victim = Libp2p.start(KeyPair.generate(), victim());
                var honest = Libp2p.start(KeyPair.generate(), honest())) {
            victim.handle(ECHO, RejectLeavesNoTraceTest::echo);
            honest.connect(victim.info());
            Eventually.until(
                    "they know each other",
                    () -> victim.peers().identification(honest.id()).isPresent());
            try (var stream = honest.open(victim.id(), ECHO)) {
                stream.timeout(Duration.ofSeconds(30));
                var before = state(victim);

                for (var input : BadInput.refusedInputs(folder())) {
                    var peer = send(victim, input);
                    assertEchoes(stream);
                    peer.close();
                }

                Eventually.until(
                        () -> "all is as before: " + before + "; it is: " + state(victim),
                        () -> state(victim).equals(before));
                assertEchoes(stream);
            }
        }
    }

    /** All that a host lets others see of what it keeps. */
    private static String state(Host host) {
        var known = new TreeMap<String, Object>();
        for (var peer : host.peers().peers()) {
            known.put(
                    peer.toString(),
                    List.of(host.peers().addresses(peer), host.peers().identification(peer)));
        }
        return List.of(host.connections(), host.protocols(), known).toString();
    }

    private static void assertEchoes(Stream stream) throws IOException, InterruptedException {
        var message = ByteString.copyFromUtf8("x".repeat(100));
        stream.writeMessage(message);
        assertThat(stream.readMessage(100)).isEqualTo(message);
    }

    private static void echo(Stream stream) throws IOException, InterruptedException {
        for (var next = stream.nextMessage(100); next.isPresent(); next = stream.nextMessage(100)) {
            stream.writeMessage(next.get());
        }
    }

    /** Bytes from hexadecimal, and bytes, one after the other. */
    protected static byte[] join(Object... parts) {
        return RemoteNumberTest.join(parts);
    }
}
