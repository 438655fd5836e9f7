package tensorlink.dht;

import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Optional;
import tensorlink.p2p.peer.PeerId;

/**
 * The peers known in one range of distances, and as many that wait for a place.
 *
 * <p>Who has been there longest and still answers keeps its place, because peers that have stayed
 * tend to stay; it also means that a flood of newcomers displaces nobody who is alive.
 */
final class KBucket {
    /** A silent member without anybody to replace it stays until it has failed this often. */
    static final int FAILURES_MAX = 3;

    private final int capacity;

    /** Least recently seen first. */
    private final LinkedHashMap<PeerId, Contact> members = new LinkedHashMap<>();

    /** Least recently seen first; the last one moves up when a place becomes free. */
    private final LinkedHashMap<PeerId, Contact> waiting = new LinkedHashMap<>();

    KBucket(int capacity) {
        this.capacity = capacity;
    }

    /**
     * Notes that {@code contact} answered: it becomes a member, or waits.
     *
     * @return the member to check when {@code contact} has to wait: the least recently seen one
     */
    Optional<Contact> answered(Contact contact) {
        if (members.remove(contact.id()) != null || members.size() < capacity) {
            waiting.remove(contact.id());
            members.put(contact.id(), contact);
            return Optional.empty();
        }
        waiting.putLast(contact.id(), contact);
        if (waiting.size() > capacity) {
            waiting.pollFirstEntry();
        }
        return Optional.of(members.firstEntry().getValue());
    }

    /** Notes that {@code peer} did not answer; it leaves at once when another waits. */
    void failed(PeerId peer) {
        waiting.remove(peer);
        var member = members.get(peer);
        if (member == null) {
            return;
        }
        var failed = member.failedAgain();
        if (!waiting.isEmpty() || failed.failures() >= FAILURES_MAX) {
            remove(peer);
        } else {
            members.replace(peer, failed);
        }
    }

    /** Forgets {@code peer}; who waited last takes its place. */
    void remove(PeerId peer) {
        waiting.remove(peer);
        if (members.remove(peer) != null && !waiting.isEmpty()) {
            var promoted = waiting.pollLastEntry().getValue();
            members.put(promoted.id(), promoted);
        }
    }

    boolean contains(PeerId peer) {
        return members.containsKey(peer);
    }

    /** Least recently seen first. */
    Collection<Contact> members() {
        return Collections.unmodifiableCollection(members.values());
    }
}
