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
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tensorlink.p2p.core.ProtocolViolation;

/**
 * Asks a router for mappings, by PCP or else by NAT-PMP. Blocks; packets get lost, so each is sent
 * up to four times. Answers that are none, or not from the router, are passed over.
 */
final class Router {
    /** Where routers listen for either protocol. */
    static final int PORT = 5351;

    private static final Logger log = LoggerFactory.getLogger(Router.class);
    private static final int PACKET_BYTES_MAX = 1100;
    private static final int TRIES = 4;
    private static final int WAIT_MILLIS = 250;

    private final InetSocketAddress at;
    private final ByteString nonce;
    private boolean speaksPcp = true;

    /**
     * @param nonce makes our mappings ours
     */
    Router(InetSocketAddress at, ByteString nonce) {
        this.at = at;
        this.nonce = nonce;
    }

    /** What reads a packet. */
    private interface Decoder {
        Answer decode(byte[] packet) throws ProtocolViolation;
    }

    InetAddress address() {
        return at.getAddress();
    }

    /**
     * Makes a mapping, or prolongs it.
     *
     * @throws IOException when the router does not, or does not answer
     */
    Answer.MappedAt map(Wish wish, Duration lifetime) throws IOException {
        try (var socket = new DatagramSocket()) {
            socket.connect(at);
            if (speaksPcp) {
                try {
                    return mapByPcp(socket, wish, lifetime);
                } catch (IOException unable) {
                    log.debug("no PCP: {}", unable.getMessage());
                }
            }
            var mapped = mapByNatPmp(socket, wish, lifetime);
            speaksPcp = false;
            return mapped;
        }
    }

    private Answer.MappedAt mapByPcp(DatagramSocket socket, Wish wish, Duration lifetime)
            throws IOException {
        var packet = Pcp.mapRequest(wish, socket.getLocalAddress(), nonce, lifetime);
        return switch (ask(socket, packet, answer -> Pcp.decode(answer, nonce))) {
            case Answer.MappedAt mapped -> checked(mapped, wish);
            case Answer.Refused(int code) -> throw new IOException("PCP result " + code);
            case Answer.Mapped _, Answer.External _ -> throw new IOException("not a mapping");
        };
    }

    private Answer.MappedAt mapByNatPmp(DatagramSocket socket, Wish wish, Duration lifetime)
            throws IOException {
        var outside = ask(socket, NatPmp.externalRequest(), NatPmp::decode);
        if (!(outside instanceof Answer.External(var address))) {
            throw new IOException("NAT-PMP tells no address: " + outside);
        }
        return switch (ask(socket, NatPmp.mapRequest(wish, lifetime), NatPmp::decode)) {
            case Answer.Mapped mapped -> checked(new Answer.MappedAt(mapped, address), wish);
            case Answer.Refused(int code) -> throw new IOException("NAT-PMP result " + code);
            case Answer.MappedAt _, Answer.External _ -> throw new IOException("not a mapping");
        };
    }

    private static Answer.MappedAt checked(Answer.MappedAt mapped, Wish wish) throws IOException {
        var mapping = mapped.mapping();
        if (mapping.internalPort() != wish.port() || mapping.externalPort() == 0) {
            throw new IOException("another port was mapped: " + mapping);
        }
        return mapped;
    }

    /**
     * Ends a mapping of ours; that nobody answers does no harm, because mappings end by themselves.
     */
    void unmap(Wish wish) {
        try (var socket = new DatagramSocket()) {
            socket.connect(at);
            var packet =
                    speaksPcp
                            ? Pcp.mapRequest(wish, socket.getLocalAddress(), nonce, Duration.ZERO)
                            : NatPmp.mapRequest(wish, Duration.ZERO);
            socket.send(new DatagramPacket(packet, packet.length));
            socket.setSoTimeout(WAIT_MILLIS);
            socket.receive(new DatagramPacket(new byte[PACKET_BYTES_MAX], PACKET_BYTES_MAX));
        } catch (IOException unheard) {
            log.debug("{} may stay mapped for a while: {}", wish, unheard.getMessage());
        }
    }

    private static Answer ask(DatagramSocket socket, byte[] packet, Decoder decoder)
            throws IOException {
        int wait = WAIT_MILLIS;
        for (int i = 0; i < TRIES; i++) {
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
