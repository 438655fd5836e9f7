package tensorlink.node.cli;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import tensorlink.node.Node;
import tensorlink.node.Reachability;
import tensorlink.node.http.Route;
import tensorlink.p2p.Libp2p;
import tensorlink.p2p.core.Connection;
import tensorlink.p2p.peer.Identification;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.peer.PeerInfo;
import tools.jackson.databind.JsonNode;

/** What a running node answers to {@link Peers}. */
record PeerRoutes(Node node, Reachability reachability) {
    static final String PEERS = "/api/v1/peers";
    static final String CONNECT = "/api/v1/peers/connect";
    static final String PING = "/api/v1/peers/ping";
    static final String CHECK = "/api/v1/peers/check";

    List<Route> all() {
        return List.of(
                Route.get(PEERS, this::peers),
                Route.post(CONNECT, this::connect),
                Route.post(PING, this::ping),
                Route.post(CHECK, _ -> check()));
    }

    private Map<String, Object> peers() {
        var peers = new ArrayList<Map<String, Object>>();
        for (var connection : node.host().connections()) {
            peers.add(describe(connection));
        }
        return Map.of("peers", peers);
    }

    private Map<String, Object> describe(Connection connection) {
        var link = connection.link();
        var peer = new LinkedHashMap<String, Object>();
        peer.put("peer", connection.remotePeer().toString());
        peer.put("direction", connection.direction().name().toLowerCase(Locale.ROOT));
        peer.put("address", connection.remoteAddress().toString());
        peer.put("transport", link.transport());
        peer.put("security", link.security());
        peer.put("muxer", link.muxer());
        peer.put("since", link.since().toString());
        peer.put("streams", connection.streams());
        Optional<Identification> told = node.host().peers().identification(connection.remotePeer());
        peer.put("agent", told.map(Identification::agentVersion).orElse(""));
        return peer;
    }

    private Map<String, Object> connect(JsonNode question)
            throws IOException, InterruptedException {
        return describe(node.host().connect(PeerInfo.parse(question.path("address").asString(""))));
    }

    private Map<String, Object> ping(JsonNode question) throws IOException, InterruptedException {
        var peer = PeerId.parse(question.path("peer").asString(""));
        return Map.of("nanos", Libp2p.ping(node.host(), peer).toNanos());
    }

    private Map<String, Object> check() throws InterruptedException {
        var findings = new ArrayList<Map<String, Object>>();
        for (var finding : reachability.check(node)) {
            var said = new LinkedHashMap<String, Object>();
            said.put("subject", finding.subject());
            said.put("isGood", finding.isGood());
            said.put("sentence", finding.sentence());
            said.put("advice", finding.advice());
            findings.add(said);
        }
        return Map.of("findings", findings);
    }
}
