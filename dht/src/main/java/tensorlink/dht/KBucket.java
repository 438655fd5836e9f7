package tensorlink.dht;

import java.time.Instant;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Optional;
import tensorlink.p2p.peer.PeerId;

/**
 * The peers known in one range of distances, and as many that wait for a place.
 *
 * <p>Who has been there longest and still answers keeps its place, because peers that have stayed
 * tend to stay; it also means that a flood of newcomers displaces nobody who is alive. A lost
 * member gives way to the first who can take its place, and stays until then: when we are the one
 * who was cut off, the lost are whom to ask first.
 */
final class KBucket {
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
        if (members.remove(contact.id()) == null && members.size() == capacity) {
            var lost = firstLost();
            if (lost.isEmpty()) {
                waitForPlace(contact);
                return Optional.of(members.firstEntry().getValue());
            }
            members.remove(lost.get());
        }
        waiting.remove(contact.id());
        members.put(contact.id(), contact);
        return Optional.empty();
    }

    private Optional<PeerId> firstLost() {
        for (var member : members.values()) {
            if (member.lost()) {
                return Optional.of(member.id());
            }
        }
        return Optional.empty();
    }

    private void waitForPlace(Contact contact) {
        waiting.putLast(contact.id(), contact);
        if (waiting.size() > capacity) {
            waiting.pollFirstEntry();
        }
    }

    /** Notes that {@code peer} did not answer: who waited last takes its place, or it is lost. */
    void failed(PeerId peer) {
        waiting.remove(peer);
        if (waiting.isEmpty()) {
            members.computeIfPresent(peer, (id, member) -> member.asLost());
        } else {
            remove(peer);
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

    /** Forgets the lost who have not answered since {@code limit}. */
    void forgetLost(Instant limit) {
        members.values().removeIf(member -> member.lost() && member.seen().isBefore(limit));
    }

    boolean contains(PeerId peer) {
        var member = members.get(peer);
        return member != null && !member.lost();
    }

    /** Least recently seen first, the lost among them. */
    Collection<Contact> members() {
        return Collections.unmodifiableCollection(members.values());
    }
}
