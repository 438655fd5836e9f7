package tensorlink.node.cli;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import tensorlink.node.Node;
import tools.jackson.databind.JsonNode;

/** Whether others can dial a node, and what it therefore is in the hash table, in words. */
final class StandingText {
    private StandingText() {}

    static Map<String, Object> facts(Node node) {
        var facts = new LinkedHashMap<String, Object>();
        facts.put("profile", label(node.presence().profile()));
        facts.put("reachability", label(node.host().control().reachability()));
        facts.put("dht", label(node.dht().mode()));
        return facts;
    }

    private static String label(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }

    /** A sentence of the {@link #facts} in a status. */
    static String sentence(JsonNode status) {
        var reached =
                switch (status.path("reachability").asString()) {
                    case "public" -> "others can dial this node";
                    case "private" -> "others cannot dial this node";
                    default -> "not known yet whether others can dial this node";
                };
        var does =
                status.path("dht").asString().equals("server")
                        ? "it answers in the hash table"
                        : "it only asks the hash table";
        return reached + "; " + does;
    }
}
