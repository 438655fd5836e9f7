package tensorlink.p2p.portmap;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.Arrays;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tensorlink.p2p.core.ProtocolViolation;

/**
 * By PCP, or else by NAT-PMP, which came before it and has the same port. Packets get lost, so each
 * is sent up to four times. PCP ties a mapping to a number that only we know, NAT-PMP to our own
 * address and port, so that only ours are prolonged or ended.
 */
final class PcpRouter implements Router {
    /** Where routers listen for either protocol. */
    static final int PORT = 5351;

    private static final Logger log = LoggerFactory.getLogger(PcpRouter.class);
    private static final int PACKET_BYTES_MAX = 1100;
    private static final int TRIES = 4;
    private static final int WAIT_MILLIS = 250;

    private final InetSocketAddress at;
    private final ByteString nonce;
    private final Set<Wish> mapped = ConcurrentHashMap.newKeySet();
    private volatile boolean speaksPcp = true;

    /**
     * @param nonce makes our mappings ours
     */
    PcpRouter(InetAddress router, ByteString nonce) {
        this.at = new InetSocketAddress(router, PORT);
        this.nonce = nonce;
    }

    /** What reads a packet. */
    private interface Decoder {
        Answer decode(byte[] packet) throws ProtocolViolation;
    }

    @Override
    public Answer.MappedAt map(Wish wish, Duration lifetime) throws IOException {
        try (var socket = new DatagramSocket()) {
            socket.connect(at);
            if (speaksPcp) {
                try {
                    return mapByPcp(socket, wish, lifetime);
                } catch (IOException unable) {
                    log.debug("no PCP: {}", unable.getMessage());
                }
            }
            var answer = mapByNatPmp(socket, wish, lifetime);
            speaksPcp = false;
            return answer;
        }
    }

    private Answer.MappedAt mapByPcp(DatagramSocket socket, Wish wish, Duration lifetime)
            throws IOException {
        var packet = Pcp.mapRequest(wish, socket.getLocalAddress(), nonce, lifetime);
        return switch (ask(socket, packet, TRIES, answer -> Pcp.decode(answer, nonce))) {
            case Answer.MappedAt answer -> checked(answer, wish);
            case Answer.Refused(int code) -> throw new IOException("PCP result " + code);
            case Answer.Mapped _, Answer.External _ -> throw new IOException("not a mapping");
        };
    }

    private Answer.MappedAt mapByNatPmp(DatagramSocket socket, Wish wish, Duration lifetime)
            throws IOException {
        var outside = ask(socket, NatPmp.externalRequest(), TRIES, NatPmp::decode);
        if (!(outside instanceof Answer.External(var address))) {
            throw new IOException("NAT-PMP tells no address: " + outside);
        }
        return switch (ask(socket, NatPmp.mapRequest(wish, lifetime), TRIES, NatPmp::decode)) {
            case Answer.Mapped answer -> checked(new Answer.MappedAt(answer, address), wish);
            case Answer.Refused(int code) -> throw new IOException("NAT-PMP result " + code);
            case Answer.MappedAt _, Answer.External _ -> throw new IOException("not a mapping");
        };
    }

    private Answer.MappedAt checked(Answer.MappedAt answer, Wish wish) throws IOException {
        var mapping = answer.mapping();
        if (mapping.internalPort() != wish.port() || mapping.externalPort() == 0) {
            throw new IOException("another port was mapped: " + mapping);
        }
        mapped.add(wish);
        return answer;
    }

    @Override
    public void unmap(Wish wish) {
        boolean wasMapped = mapped.remove(wish);
        try (var socket = new DatagramSocket()) {
            socket.connect(at);
            int tries = wasMapped ? TRIES : 1;
            if (speaksPcp) {
                var self = socket.getLocalAddress();
                var packet = Pcp.mapRequest(wish, self, nonce, Duration.ZERO);
                var _ = ask(socket, packet, tries, answer -> Pcp.decode(answer, nonce));
            } else {
                var packet = NatPmp.mapRequest(wish, Duration.ZERO);
                var _ = ask(socket, packet, tries, NatPmp::decode);
            }
        } catch (IOException unheard) {
            log.debug("{} may stay mapped for a while: {}", wish, unheard.getMessage());
        }
    }

    private static Answer ask(DatagramSocket socket, byte[] packet, int tries, Decoder decoder)
            throws IOException {
        int wait = WAIT_MILLIS;
        for (int i = 0; i < tries; i++) {
            socket.send(new DatagramPacket(packet, packet.length));
            socket.setSoTimeout(wait);
            var answer = new DatagramPacket(new byte[PACKET_BYTES_MAX], PACKET_BYTES_MAX);
            try {
                socket.receive(answer);
                return decoder.decode(Arrays.copyOf(answer.getData(), answer.getLength()));
            } catch (SocketTimeoutException lost) {
                wait *= 2;
            }
        }
        throw new IOException("the router does not answer");
    }
}
