package tensorlink.p2p.mux;

import java.util.ArrayDeque;
import java.util.EnumMap;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Objects;
import tensorlink.p2p.core.Purpose;

/**
 * Whose turn it is: the more urgent kind first, within a kind in order of arrival. So that no kind
 * waits for good, an urgent one that has had its share of a cycle lets the others go before it.
 */
final class Turns<T> {
    private final Map<Purpose, ArrayDeque<T>> waiting = new EnumMap<>(Purpose.class);
    private final Map<Purpose, Integer> left = new EnumMap<>(Purpose.class);
    private int count;

    Turns() {
        for (var kind : Purpose.values()) {
            waiting.put(kind, new ArrayDeque<>());
        }
        startCycle();
    }

    private void startCycle() {
        for (var kind : Purpose.values()) {
            left.put(kind, share(kind));
        }
    }

    private static int share(Purpose kind) {
        return switch (kind) {
            case CONTROL -> 32;
            case ORDINARY -> 8;
            case BULK -> 1;
        };
    }

    boolean isEmpty() {
        return count == 0;
    }

    void add(T who, Purpose kind) {
        line(kind).addLast(who);
        count++;
    }

    /**
     * @throws NoSuchElementException when nobody waits
     */
    T next() {
        if (count == 0) {
            throw new NoSuchElementException("nobody waits");
        }
        while (true) {
            for (var kind : Purpose.values()) {
                int turns = left.getOrDefault(kind, 0);
                if (turns > 0 && !line(kind).isEmpty()) {
                    left.put(kind, turns - 1);
                    count--;
                    return line(kind).removeFirst();
                }
            }
            startCycle();
        }
    }

    /** There is one for each kind from the start. */
    private ArrayDeque<T> line(Purpose kind) {
        return Objects.requireNonNull(waiting.get(kind));
    }

    void clear() {
        waiting.values().forEach(ArrayDeque::clear);
        count = 0;
    }
}
