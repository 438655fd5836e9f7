package tensorlink.dht;

import java.time.Instant;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
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

    /** Says whether a newcomer may become a member, whatever room there is. */
    private final Predicate<Contact> admission;

    /** Least recently seen first. */
    private final LinkedHashMap<PeerId, Contact> members = new LinkedHashMap<>();

    /** Least recently seen first; the last one moves up when a place becomes free. */
    private final LinkedHashMap<PeerId, Contact> waiting = new LinkedHashMap<>();

    KBucket(int capacity, Predicate<Contact> admission) {
        this.capacity = capacity;
        this.admission = admission;
    }

    /**
     * Notes that {@code contact} answered: it becomes a member, waits, or is not admitted.
     *
     * @return the member to check when {@code contact} has to wait: the least recently seen one
     */
    Optional<Contact> answered(Contact contact) {
        var before = members.remove(contact.id());
        if (before != null && before.group().equals(contact.group())) {
            members.put(contact.id(), contact.knownSince(before.since()));
            return Optional.empty();
        }
        var lost = firstLost();
        if (members.size() == capacity && lost.isEmpty()) {
            waitForPlace(contact);
            return Optional.of(members.firstEntry().getValue());
        }
        waiting.remove(contact.id());
        if (!admission.test(contact)) {
            return Optional.empty();
        }
        if (members.size() == capacity) {
            members.remove(lost.orElseThrow());
        }
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

    /** Takes back {@code contact} from an earlier life of this node, if there is room. */
    void restore(Contact contact) {
        if (members.size() < capacity
                && !members.containsKey(contact.id())
                && admission.test(contact)) {
            members.putFirst(contact.id(), contact);
        }
    }

    /** Notes that {@code peer} is there; without effect when it is no member or is lost. */
    void heardFrom(PeerId peer, Instant now) {
        var member = members.get(peer);
        if (member != null && !member.lost()) {
            members.putLast(peer, member.seenAt(now));
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
        if (members.remove(peer) != null) {
            promote();
        }
    }

    private void promote() {
        for (var candidate : List.copyOf(waiting.sequencedValues().reversed())) {
            waiting.remove(candidate.id());
            if (admission.test(candidate)) {
                members.put(candidate.id(), candidate);
                return;
            }
        }
    }

    /** Forgets the lost who have not answered since {@code limit}. */
    void forgetLost(Instant limit) {
        members.values().removeIf(member -> member.lost() && member.seen().isBefore(limit));
    }

    /** Whether {@code peer} is no member and there is a place that nobody needs. */
    boolean hasRoomFor(PeerId peer) {
        var member = members.get(peer);
        if (member != null) {
            return member.lost();
        }
        return members.size() < capacity || firstLost().isPresent();
    }

    boolean contains(PeerId peer) {
        var member = members.get(peer);
        return member != null && !member.lost();
    }

    /** Adds the members to {@code contacts}, least recently seen first, the lost among them. */
    void addTo(Collection<Contact> contacts) {
        contacts.addAll(members.values());
    }

    /** Adds the members that are not lost to {@code contacts}. */
    void addPresentTo(Collection<Contact> contacts) {
        for (var member : members.values()) {
            if (!member.lost()) {
                contacts.add(member);
            }
        }
    }

    /** How many members other than {@code contact} share their fate with it. */
    int sharing(Contact contact) {
        int sharing = 0;
        for (var member : members.values()) {
            if (member.group().equals(contact.group()) && !member.id().equals(contact.id())) {
                sharing++;
            }
        }
        return sharing;
    }
}
