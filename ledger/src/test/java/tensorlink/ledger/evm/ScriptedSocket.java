package tensorlink.ledger.evm;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ServerSocketFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A server of WebSockets (RFC 6455) that answers as a test says, however wrong. */
final class ScriptedSocket implements AutoCloseable {
    private static final String ACCEPT = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    private static final int TEXT = 0x81;
    private static final int BINARY = 0x82;
    private static final int CLOSE = 0x88;

    interface Script {
        void answer(Peer peer, JsonNode question) throws IOException;
    }

    /** How the next handshakes are answered. */
    enum Door {
        OPEN,
        REFUSING,
        REDIRECTING,
        SILENT
    }

    private final String scheme;
    private final ServerSocket server;
    private final List<Peer> peers = new CopyOnWriteArrayList<>();
    private final AtomicInteger handshakes = new AtomicInteger();
    private volatile Script script = (peer, question) -> peer.result(question, "0x1");
    private volatile Door door = Door.OPEN;

    ScriptedSocket() throws IOException {
        this("ws", ServerSocketFactory.getDefault());
    }

    ScriptedSocket(String scheme, ServerSocketFactory sockets) throws IOException {
        this.scheme = scheme;
        server = sockets.createServerSocket(0, 50, InetAddress.getLoopbackAddress());
        Thread.ofVirtual().start(this::accept);
    }

    URI uri() {
        return URI.create(scheme + "://127.0.0.1:" + server.getLocalPort() + "/key-of-a-provider");
    }

    void script(Script script) {
        this.script = script;
    }

    void door(Door door) {
        this.door = door;
    }

    /** How many have knocked. */
    int handshakes() {
        return handshakes.get();
    }

    Peer newest() {
        return peers.getLast();
    }

    private void accept() {
        while (!server.isClosed()) {
            try {
                var peer = new Peer(server.accept());
                Thread.ofVirtual().start(peer::serve);
            } catch (IOException ended) {
                return;
            }
        }
    }

    /** One connection. */
    final class Peer {
        private final Socket socket;

        private Peer(Socket socket) {
            this.socket = socket;
        }

        private void serve() {
            try (socket) {
                var in = new DataInputStream(socket.getInputStream());
                var request = head(in);
                var answering = door;
                handshakes.incrementAndGet();
                if (answering == Door.OPEN) {
                    peers.add(this);
                    upgrade(request);
                    while (true) {
                        var question = frame(in);
                        script.answer(this, JsonMapper.shared().readTree(question));
                    }
                }
                refuse(answering, in);
            } catch (IOException ended) {
                // By either side.
            }
        }

        private void refuse(Door answering, DataInputStream in) throws IOException {
            switch (answering) {
                case OPEN -> throw new AssertionError();
                case REFUSING -> raw("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n");
                case REDIRECTING ->
                        raw(
                                String.join(
                                        "\r\n",
                                        "HTTP/1.1 302 Found",
                                        "Location: /elsewhere",
                                        "Content-Length: 0",
                                        "",
                                        ""));
                case SILENT -> in.readAllBytes();
            }
        }

        private void upgrade(String request) throws IOException {
            var key = "";
            for (var line : request.lines().toList()) {
                if (line.toLowerCase(java.util.Locale.ROOT).startsWith("sec-websocket-key:")) {
                    key = line.substring(line.indexOf(':') + 1).trim();
                }
            }
            try {
                var sha = MessageDigest.getInstance("SHA-1");
                var hash = sha.digest((key + ACCEPT).getBytes(StandardCharsets.US_ASCII));
                raw(
                        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                                + "Connection: Upgrade\r\nSec-WebSocket-Accept: "
                                + Base64.getEncoder().encodeToString(hash)
                                + "\r\n\r\n");
            } catch (NoSuchAlgorithmException e) {
                throw new AssertionError(e);
            }
        }

        void result(JsonNode question, String result) throws IOException {
            text("{\"id\":" + question.get("id") + ",\"result\":\"" + result + "\"}");
        }

        void text(String text) throws IOException {
            send(TEXT, text.getBytes(StandardCharsets.UTF_8));
        }

        void binary(String text) throws IOException {
            send(BINARY, text.getBytes(StandardCharsets.UTF_8));
        }

        void close(int status) throws IOException {
            send(CLOSE, ByteBuffer.allocate(2).putShort((short) status).array());
        }

        /** Announces a message, sends the beginning of it and hangs up. */
        void half(String text) throws IOException {
            try (socket) {
                socket.getOutputStream().write(new byte[] {(byte) TEXT, 100});
                raw(text);
            }
        }

        private void send(int kind, byte[] bytes) throws IOException {
            var frame = ByteBuffer.allocate(10 + bytes.length).put((byte) kind);
            if (bytes.length < 126) {
                frame.put((byte) bytes.length);
            } else if (bytes.length < 1 << 16) {
                frame.put((byte) 126).putShort((short) bytes.length);
            } else {
                frame.put((byte) 127).putLong(bytes.length);
            }
            frame.put(bytes).flip();
            socket.getOutputStream().write(frame.array(), 0, frame.limit());
        }

        private void raw(String text) throws IOException {
            socket.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
        }

        void hangUp() throws IOException {
            socket.close();
        }
    }

    private static String head(DataInputStream in) throws IOException {
        var head = new ByteArrayOutputStream();
        while (!head.toString(StandardCharsets.US_ASCII).endsWith("\r\n\r\n")) {
            head.write(in.readUnsignedByte());
        }
        return head.toString(StandardCharsets.US_ASCII);
    }

    /** The next whole text; a client masks what it sends. */
    private static byte[] frame(DataInputStream in) throws IOException {
        var whole = new ByteArrayOutputStream();
        while (true) {
            int first = in.readUnsignedByte();
            long length = in.readUnsignedByte() & 0x7f;
            if (length == 126) {
                length = in.readUnsignedShort();
            } else if (length == 127) {
                length = in.readLong();
            }
            var mask = in.readNBytes(4);
            var bytes = in.readNBytes(Math.toIntExact(length));
            for (int i = 0; i < bytes.length; i++) {
                bytes[i] ^= mask[i % 4];
            }
            if ((first & 0xf) == 8) {
                throw new IOException("closed by the client");
            }
            whole.writeBytes(bytes);
            if ((first & 0x80) != 0) {
                return whole.toByteArray();
            }
        }
    }

    @Override
    public void close() throws IOException {
        server.close();
        for (var peer : peers) {
            peer.hangUp();
        }
    }
}
