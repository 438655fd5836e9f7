package tensorlink.p2p.portmap;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.regex.Pattern;

/**
 * A router on the loopback interface that speaks UPnP; its address outside is 1.2.3.4. It
 * overwrites what another has, as some do, unless {@link Manner} says otherwise.
 */
final class FakeIgd implements AutoCloseable {
    private static final Pattern ACTION = Pattern.compile("<u:(\\w+) ");

    /** Whose a port outside is, such as {@code TCP 4001}. */
    final Map<String, Entry> mappings = new ConcurrentHashMap<>();

    /** What was asked of it. */
    final List<String> actions = new CopyOnWriteArrayList<>();

    /** Who asks others than the router comes here. */
    final List<String> elsewhere = new CopyOnWriteArrayList<>();

    private final Manner manner;
    private final DatagramSocket socket;
    private final HttpServer pages;
    private final HttpServer another;

    record Entry(String client, String port, String description) {}

    /** How it behaves. */
    enum Manner {
        SIMPLE,
        HIDES_WHAT_OTHERS_HAVE,
        ONLY_FOR_EVER,
        LOCATION_ELSEWHERE,
        REDIRECTION_ELSEWHERE,
        CONTROL_ELSEWHERE,
        DESCRIPTION_WITHOUT_END,
        DESCRIPTION_THAT_DRIPS
    }

    FakeIgd(Manner manner) throws IOException {
        this(FakeRouter.ownAddress(), manner);
    }

    FakeIgd(InetAddress address, Manner manner) throws IOException {
        this.manner = manner;
        socket = new DatagramSocket(Ssdp.PORT, address);
        pages = server(address);
        pages.createContext("/rootDesc.xml", this::describe);
        pages.createContext("/ctl", this::control);
        another = server(InetAddress.getLoopbackAddress());
        another.createContext(
                "/",
                exchange -> {
                    elsewhere.add(exchange.getRequestURI().toString());
                    answer(exchange, 200, description("/ctl"));
                });
        Thread.ofVirtual().start(this::beFound);
    }

    private static HttpServer server(InetAddress address) throws IOException {
        var server = HttpServer.create(new InetSocketAddress(address, 0), 8);
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.start();
        return server;
    }

    InetAddress address() {
        return socket.getLocalAddress();
    }

    private void beFound() {
        var packet = new DatagramPacket(new byte[2000], 2000);
        try {
            while (true) {
                packet.setLength(2000);
                socket.receive(packet);
                var server = manner == Manner.LOCATION_ELSEWHERE ? another : pages;
                var answer =
                        "HTTP/1.1 200 OK\r\nCACHE-CONTROL: max-age=120\r\nLocation: %s\r\n\r\n"
                                .formatted(at(server, "/rootDesc.xml"))
                                .getBytes(StandardCharsets.US_ASCII);
                socket.send(new DatagramPacket(answer, answer.length, packet.getSocketAddress()));
            }
        } catch (IOException closed) {
            // The test is over.
        }
    }

    private static String at(HttpServer server, String path) {
        var address = server.getAddress();
        return "http://%s:%d%s"
                .formatted(address.getAddress().getHostAddress(), address.getPort(), path);
    }

    private void describe(HttpExchange exchange) throws IOException {
        switch (manner) {
            case REDIRECTION_ELSEWHERE -> {
                exchange.getResponseHeaders().set("Location", at(another, "/rootDesc.xml"));
                answer(exchange, 302, "");
            }
            case CONTROL_ELSEWHERE -> answer(exchange, 200, description(at(another, "/ctl")));
            case DESCRIPTION_WITHOUT_END -> {
                exchange.sendResponseHeaders(200, 0);
                try (var body = exchange.getResponseBody()) {
                    for (int i = 0; i < 1 << 16; i++) {
                        body.write(" ".repeat(1 << 16).getBytes(StandardCharsets.US_ASCII));
                    }
                }
            }
            case DESCRIPTION_THAT_DRIPS -> {
                exchange.sendResponseHeaders(200, 1000);
                exchange.getResponseBody().flush();
            }
            case SIMPLE, HIDES_WHAT_OTHERS_HAVE, ONLY_FOR_EVER, LOCATION_ELSEWHERE ->
                    answer(exchange, 200, description("/ctl"));
        }
    }

    private static String description(String control) {
        return """
        <?xml version="1.0"?>
        <root xmlns="urn:schemas-upnp-org:device-1-0"><device><deviceList><device>
        <serviceList><service>
        <serviceType>urn:schemas-upnp-org:service:WANIPConnection:1</serviceType>
        <controlURL>%s</controlURL>
        </service></serviceList></device></deviceList></device></root>
        """
                .formatted(control);
    }

    private void control(HttpExchange exchange) throws IOException {
        var question = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
        var action = ACTION.matcher(question).results().findFirst().orElseThrow().group(1);
        actions.add(action);
        var key = value(question, "NewProtocol") + " " + value(question, "NewExternalPort");
        var old = mappings.get(key);
        switch (action) {
            case "GetExternalIPAddress" ->
                    done(exchange, action, "<NewExternalIPAddress>1.2.3.4</NewExternalIPAddress>");
            case "GetSpecificPortMappingEntry" -> {
                if (old == null || manner == Manner.HIDES_WHAT_OTHERS_HAVE) {
                    fault(exchange, 714);
                } else {
                    done(exchange, action, told(old));
                }
            }
            case "AddPortMapping" -> {
                var wanted =
                        new Entry(
                                value(question, "NewInternalClient"),
                                value(question, "NewInternalPort"),
                                value(question, "NewPortMappingDescription"));
                if (value(question, "NewLeaseDuration").equals("0")) {
                    fault(exchange, 402);
                } else if (manner == Manner.ONLY_FOR_EVER) {
                    fault(exchange, 725);
                } else if (manner == Manner.HIDES_WHAT_OTHERS_HAVE
                        && old != null
                        && !old.equals(wanted)) {
                    fault(exchange, 718);
                } else {
                    mappings.put(key, wanted);
                    done(exchange, action, "");
                }
            }
            case "DeletePortMapping" -> {
                mappings.remove(key);
                done(exchange, action, "");
            }
            default -> fault(exchange, 401);
        }
    }

    private static String told(Entry entry) {
        return "<NewInternalPort>%s</NewInternalPort><NewInternalClient>%s</NewInternalClient>"
                        .formatted(entry.port(), entry.client())
                + "<NewEnabled>1</NewEnabled><NewPortMappingDescription>%s</NewPortMappingDescription>"
                        .formatted(entry.description())
                + "<NewLeaseDuration>3600</NewLeaseDuration>";
    }

    private static String value(String question, String name) {
        var pattern = Pattern.compile("<" + name + ">([^<]*)</" + name + ">");
        return pattern.matcher(question).results().findFirst().map(it -> it.group(1)).orElse("");
    }

    private static void done(HttpExchange exchange, String action, String values)
            throws IOException {
        answer(
                exchange,
                200,
                envelope(
                        "<u:%1$sResponse xmlns:u=\"urn:x\">%2$s</u:%1$sResponse>"
                                .formatted(action, values)));
    }

    private static void fault(HttpExchange exchange, int code) throws IOException {
        answer(
                exchange,
                500,
                envelope(
                        ("<s:Fault><faultcode>s:Client</faultcode><detail><UPnPError>"
                             + "<errorCode>%d</errorCode></UPnPError></detail></s:Fault>")
                                .formatted(code)));
    }

    private static String envelope(String body) {
        return ("<?xml version=\"1.0\"?><s:Envelope"
                        + " xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\">"
                        + "<s:Body>%s</s:Body></s:Envelope>")
                .formatted(body);
    }

    private static void answer(HttpExchange exchange, int status, String text) throws IOException {
        var bytes = text.getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
        exchange.getResponseBody().write(bytes);
        exchange.close();
    }

    @Override
    public void close() {
        socket.close();
        pages.stop(0);
        another.stop(0);
    }
}
