package tensorlink.p2p.dns;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * Answers questions for TXT records on the loopback interface, and knows nothing else (RFC 1035).
 */
public final class TinyNameServer implements AutoCloseable {
    private static final int TXT = 16;
    private static final int NAME_ERROR = 3;
    private static final int HEADER_BYTES = 12;

    private final DatagramSocket socket;
    private final Map<String, List<String>> records;

    public TinyNameServer(Map<String, List<String>> records) throws IOException {
        this.records = records;
        this.socket = new DatagramSocket(0, InetAddress.getLoopbackAddress());
        Thread.ofVirtual().name("name server").start(this::serve);
    }

    public int port() {
        return socket.getLocalPort();
    }

    private void serve() {
        var buffer = new byte[1024];
        while (!socket.isClosed()) {
            try {
                var question = new DatagramPacket(buffer, buffer.length);
                socket.receive(question);
                var answer = answer(Arrays.copyOf(buffer, question.getLength()));
                socket.send(new DatagramPacket(answer, answer.length, question.getSocketAddress()));
            } catch (IOException closed) {
                return;
            }
        }
    }

    private byte[] answer(byte[] bytes) throws IOException {
        var question = ByteBuffer.wrap(bytes);
        short id = question.getShort(0);
        var name = new StringBuilder();
        int at = HEADER_BYTES;
        for (int size = question.get(at); size > 0; size = question.get(at)) {
            var label = new byte[size];
            question.get(at + 1, label);
            name.append(name.isEmpty() ? "" : ".")
                    .append(new String(label, StandardCharsets.US_ASCII));
            at += size + 1;
        }
        int end = at + 5;
        var texts = records.getOrDefault(name.toString(), List.of());
        var reply = new ByteArrayOutputStream();
        var out = new DataOutputStream(reply);
        out.writeShort(id);
        out.writeShort(0x8580 | (texts.isEmpty() ? NAME_ERROR : 0));
        out.writeShort(1);
        out.writeShort(texts.size());
        out.writeInt(0);
        out.write(bytes, HEADER_BYTES, end - HEADER_BYTES);
        for (var text : texts) {
            out.writeShort(0xc000 | HEADER_BYTES);
            out.writeShort(TXT);
            out.writeShort(1);
            out.writeInt(60);
            out.writeShort(text.length() + 1);
            out.writeByte(text.length());
            out.write(text.getBytes(StandardCharsets.US_ASCII));
        }
        return reply.toByteArray();
    }

    @Override
    public void close() {
        socket.close();
    }
}
