package tensorlink.p2p.gossip;

import com.google.protobuf.ByteString;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * What waits to be sent to one peer. Control goes first, then our own messages, then those passed
 * on, then gossip; what waits together travels in one RPC.
 *
 * <p>When it is full, whatever is of less importance makes room, the oldest first: gossip for all,
 * messages passed on for our own, both for control. What still does not fit is dropped, except
 * control: if a peer does not even take that, it does not read, and the link is given up.
 */
final class OutboundQueue {
    /** The size up to which pieces are put together. */
    private static final int RPC_BYTES = 64 << 10;

    /** As much control as the strictest implementation reads in one RPC. */
    private static final int CONTROL_BYTES = 16 << 10;

    private static final int CHUNK_BYTES = 4 << 10;
    private static final int OVERHEAD_BYTES = 64;

    private final long bytesMax;
    private final Map<Lane, Deque<Piece>> lanes = new EnumMap<>(Lane.class);
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private long bytes;
    private boolean isClosed;

    /**
     * An empty queue.
     *
     * @param rpcsMax how many RPCs of 64 KiB may wait
     */
    OutboundQueue(int rpcsMax) {
        bytesMax = (long) rpcsMax * RPC_BYTES;
        for (var lane : Lane.values()) {
            lanes.put(lane, new ArrayDeque<>());
        }
    }

    /** Takes {@code rpc} apart and in; false when the peer does not take our control messages. */
    boolean offer(Rpc rpc, boolean isOwn) {
        lock.lock();
        try {
            boolean fits = true;
            for (var interest : rpc.interests()) {
                fits &= add(Lane.CONTROL, Rpc.of(interest), interest.topic().length());
            }
            for (var topic : rpc.grafts()) {
                fits &= add(Lane.CONTROL, Rpc.grafting(topic), topic.length());
            }
            for (var prune : rpc.prunes()) {
                fits &= add(Lane.CONTROL, Rpc.of(prune), size(prune));
            }
            for (var ids : chunks(rpc.dontWants())) {
                fits &= add(Lane.CONTROL, Rpc.declining(ids), size(ids));
            }
            for (var message : rpc.messages()) {
                add(isOwn ? Lane.OWN : Lane.FORWARDED, Rpc.of(message), message.size());
            }
            for (var ids : chunks(rpc.wants())) {
                add(Lane.GOSSIP, Rpc.wanting(ids), size(ids));
            }
            for (var have : rpc.haves()) {
                for (var ids : chunks(have.ids())) {
                    add(Lane.GOSSIP, Rpc.of(new Rpc.Have(have.topic(), ids)), size(ids));
                }
            }
            changed.signal();
            return fits;
        } finally {
            lock.unlock();
        }
    }

    private boolean add(Lane lane, Rpc rpc, int size) {
        var piece = new Piece(rpc, size + OVERHEAD_BYTES);
        for (var lesser : Lane.LEAST_FIRST) {
            boolean isLesser = lesser.compareTo(lane) > 0;
            while (isLesser && bytes + piece.size > bytesMax && !lane(lesser).isEmpty()) {
                bytes -= lane(lesser).removeFirst().size;
            }
        }
        if (bytes + piece.size > bytesMax) {
            return false;
        }
        bytes += piece.size;
        lane(lane).addLast(piece);
        return true;
    }

    /** Waits for something to send; empty when the queue is closed. */
    Optional<Rpc> take() throws InterruptedException {
        lock.lockInterruptibly();
        try {
            while (bytes == 0 && !isClosed) {
                changed.await();
            }
            return isClosed ? Optional.empty() : Optional.of(next());
        } finally {
            lock.unlock();
        }
    }

    private Rpc next() {
        var draft = new Outbox.Draft();
        int room = RPC_BYTES;
        int controlRoom = CONTROL_BYTES;
        boolean isEmpty = true;
        for (var lane : Lane.values()) {
            boolean isControl = lane == Lane.CONTROL || lane == Lane.GOSSIP;
            var pieces = lane(lane);
            while (!pieces.isEmpty()
                    && (isEmpty
                            || pieces.getFirst().size
                                    <= (isControl ? Math.min(room, controlRoom) : room))) {
                var piece = pieces.removeFirst();
                draft.add(piece.rpc);
                bytes -= piece.size;
                room -= piece.size;
                controlRoom -= isControl ? piece.size : 0;
                isEmpty = false;
            }
        }
        return draft.rpc();
    }

    void close() {
        lock.lock();
        try {
            isClosed = true;
            changed.signal();
        } finally {
            lock.unlock();
        }
    }

    private Deque<Piece> lane(Lane lane) {
        return lanes.computeIfAbsent(lane, any -> new ArrayDeque<>());
    }

    private static List<List<ByteString>> chunks(List<ByteString> ids) {
        var chunks = new ArrayList<List<ByteString>>();
        int from = 0;
        int size = 0;
        for (int i = 0; i < ids.size(); i++) {
            int next = ids.get(i).size() + 3;
            if (size + next > CHUNK_BYTES && i > from) {
                chunks.add(ids.subList(from, i));
                from = i;
                size = 0;
            }
            size += next;
        }
        if (from < ids.size()) {
            chunks.add(ids.subList(from, ids.size()));
        }
        return chunks;
    }

    private static int size(List<ByteString> ids) {
        int size = 0;
        for (var id : ids) {
            size += id.size() + 3;
        }
        return size;
    }

    private static int size(Rpc.Prune prune) {
        int size = prune.topic().length();
        for (var other : prune.others()) {
            size += other.peer().multihash().size() + other.record().size() + 8;
        }
        return size;
    }

    /** Kinds of pieces, the most important first. */
    private enum Lane {
        CONTROL,
        OWN,
        FORWARDED,
        GOSSIP;

        static final List<Lane> LEAST_FIRST = List.of(values()).reversed();
    }

    private record Piece(Rpc rpc, int size) {}
}
