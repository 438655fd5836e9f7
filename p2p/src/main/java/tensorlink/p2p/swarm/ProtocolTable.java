package tensorlink.p2p.swarm;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import tensorlink.p2p.core.ProtocolId;
import tensorlink.p2p.core.StreamHandler;

/**
 * Which handler serves which protocol, and which may run on limited connections. Safe for use by
 * any thread.
 */
final class ProtocolTable {
    private final Map<String, Entry> entries = new ConcurrentHashMap<>();
    private final Set<String> onLimited = ConcurrentHashMap.newKeySet();

    void add(ProtocolId protocol, StreamHandler handler) {
        if (entries.putIfAbsent(protocol.name(), new Entry(protocol, handler)) != null) {
            throw new IllegalStateException(protocol + " already has a handler");
        }
    }

    boolean remove(ProtocolId protocol) {
        return entries.remove(protocol.name()) != null;
    }

    void allowOnLimited(ProtocolId protocol) {
        onLimited.add(protocol.name());
    }

    boolean runsOnLimited(String name) {
        return onLimited.contains(name);
    }

    /** Whether {@code name} has a handler that may serve such a connection. */
    boolean serves(String name, boolean isLimited) {
        return entries.containsKey(name) && (!isLimited || runsOnLimited(name));
    }

    Optional<Entry> find(String name) {
        return Optional.ofNullable(entries.get(name));
    }

    /** In alphabetical order, so that equal tables look equal. */
    List<ProtocolId> protocols() {
        return entries.values().stream()
                .map(Entry::protocol)
                .sorted((a, b) -> a.name().compareTo(b.name()))
                .toList();
    }

    record Entry(ProtocolId protocol, StreamHandler handler) {}
}
