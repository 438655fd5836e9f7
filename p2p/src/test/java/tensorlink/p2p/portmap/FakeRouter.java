package tensorlink.p2p.portmap;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A router on the loopback interface that maps what it is asked to, if the port outside is free,
 * and else another; its address outside is 1.2.3.4.
 */
final class FakeRouter implements AutoCloseable {
    private static final byte[] OUTSIDE = {1, 2, 3, 4};

    /** Whose a port outside is. */
    final Map<Integer, String> mappings = new ConcurrentHashMap<>();

    private final DatagramSocket socket;
    private final boolean speaksPcp;
    private final AtomicInteger toLose;

    /**
     * @param toLose questions that get lost before the first is heard
     */
    FakeRouter(boolean speaksPcp, int toLose) throws IOException {
        this(ownAddress(), speaksPcp, toLose);
    }

    FakeRouter(InetAddress address, boolean speaksPcp, int toLose) throws IOException {
        this.socket = new DatagramSocket(PcpRouter.PORT, address);
        this.speaksPcp = speaksPcp;
        this.toLose = new AtomicInteger(toLose);
        Thread.ofVirtual().start(this::serve);
    }

    /** One of the loopback interface whose ports nobody else has. */
    static InetAddress ownAddress() throws IOException {
        var any = new byte[4];
        new SecureRandom().nextBytes(any);
        any[0] = 127;
        any[3] = 77;
        return InetAddress.getByAddress(any);
    }

    InetAddress address() {
        return socket.getLocalAddress();
    }

    /** The next {@code questions} get lost. */
    void lose(int questions) {
        toLose.set(questions);
    }

    private void serve() {
        var packet = new DatagramPacket(new byte[1100], 1100);
        try {
            while (true) {
                packet.setLength(1100);
                socket.receive(packet);
                var question = Arrays.copyOf(packet.getData(), packet.getLength());
                if (toLose.getAndDecrement() > 0) {
                    continue;
                }
                var answer = question[0] == 2 ? pcp(question) : natPmp(question);
                socket.send(new DatagramPacket(answer, answer.length, packet.getSocketAddress()));
            }
        } catch (IOException closed) {
            // The test is over.
        }
    }

    private byte[] pcp(byte[] question) {
        var answer = ByteBuffer.wrap(question.clone());
        if (!speaksPcp) {
            return answer.put(0, (byte) 0).put(1, (byte) 0x80).put(3, (byte) 1).array();
        }
        int lifetime = answer.getInt(4);
        var whose = HexFormat.of().formatHex(question, 24, 36);
        int internal = answer.getShort(40) & 0xffff;
        answer.put(1, (byte) 0x81).putShort(42, (short) map(internal, whose, lifetime));
        return answer.position(56).put(OUTSIDE).array();
    }

    private byte[] natPmp(byte[] question) {
        if (question[1] == 0) {
            return ByteBuffer.allocate(12).put(1, (byte) 128).position(8).put(OUTSIDE).array();
        }
        var in = ByteBuffer.wrap(question);
        int internal = in.getShort(4) & 0xffff;
        int lifetime = in.getInt(8);
        return ByteBuffer.allocate(16)
                .put(1, (byte) (128 + question[1]))
                .putShort(8, (short) internal)
                .putShort(10, (short) map(internal, "host " + internal, lifetime))
                .putInt(12, lifetime)
                .array();
    }

    private int map(int internal, String whose, int lifetime) {
        if (lifetime == 0) {
            mappings.values().removeIf(whose::equals);
            return 0;
        }
        int external = internal;
        while (!mappings.getOrDefault(external, whose).equals(whose)) {
            external = external == 0xffff ? 1024 : external + 1;
        }
        mappings.put(external, whose);
        return external;
    }

    @Override
    public void close() {
        socket.close();
    }
}
