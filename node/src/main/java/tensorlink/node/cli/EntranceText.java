package tensorlink.node.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.Map;
import tensorlink.dht.EntranceReport;
import tools.jackson.databind.JsonNode;

/** How the ways into the network stand, as the running node tells it and as people read it. */
final class EntranceText {
    private EntranceText() {}

    /** What the node answers. */
    static Map<String, Object> facts(EntranceReport report) {
        var facts = new LinkedHashMap<String, Object>();
        var sources = new ArrayList<Map<String, Object>>();
        for (var source : report.sources()) {
            var told = new LinkedHashMap<String, Object>();
            told.put("name", source.name());
            told.put("peers", source.peers());
            source.problem().ifPresent(problem -> told.put("problem", problem));
            sources.add(told);
        }
        facts.put("sources", sources);
        facts.put("entrances", report.entrances().stream().map(EntranceText::facts).toList());
        report.split()
                .ifPresent(split ->
                        facts.put(
                                "split",
                                Map.of(
                                        "since", split.since().toString(),
                                        "one", split.one().toString(),
                                        "other", split.other().toString())));
        return facts;
    }

    private static Map<String, Object> facts(EntranceReport.Entrance entrance) {
        var told = new LinkedHashMap<String, Object>();
        told.put("peer", entrance.peer().id().toString());
        told.put("addresses", entrance.peer().addresses().stream().map(Object::toString).toList());
        told.put("sources", entrance.sources());
        told.put("isKnown", entrance.isKnown());
        entrance.answered().ifPresent(at -> told.put("answered", at.toString()));
        entrance.failure()
                .ifPresent(failure -> {
                    told.put("failure", String.valueOf(failure.cause().getMessage()));
                    told.put("failedAt", failure.at().toString());
                    told.put("failures", failure.times());
                    told.put("again", failure.again().toString());
                });
        return told;
    }

    /** Tells a person what {@code status} says of it. */
    static void say(JsonNode status, Output output) {
        var split = status.path("split");
        if (!split.isMissingNode()) {
            output.say(
                    " !!      the network is in two since "
                            + split.path("since").asString()
                            + ": "
                            + split.path("one").asString()
                            + " and "
                            + split.path("other").asString()
                            + " know different peers; this node brings them together");
        }
        for (var source : status.path("sources")) {
            var problem = source.path("problem").asString("");
            if (!problem.isEmpty()) {
                output.say("source   " + source.path("name").asString() + ": " + problem);
            }
        }
        for (var entrance : status.path("entrances")) {
            output.say("entry    " + text(entrance));
        }
    }

    private static String text(JsonNode entrance) {
        var sources = new ArrayList<String>();
        entrance.path("sources").forEach(source -> sources.add(source.asString()));
        return entrance.path("peer").asString()
                + " ("
                + String.join(", ", sources)
                + ")"
                + state(entrance);
    }

    private static String state(JsonNode entrance) {
        if (entrance.has("failure")) {
            return ": failed "
                    + entrance.path("failures").asInt()
                    + " times, tried again by "
                    + entrance.path("again").asString()
                    + ": "
                    + entrance.path("failure").asString();
        }
        if (entrance.path("isKnown").asBoolean()) {
            return " is there";
        }
        return entrance.has("answered") ? " answered" : " not asked yet";
    }
}
