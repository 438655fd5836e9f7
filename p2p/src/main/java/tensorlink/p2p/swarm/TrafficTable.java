package tensorlink.p2p.swarm;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.LongAdder;
import tensorlink.p2p.core.ProtocolId;
import tensorlink.p2p.core.Traffic;

/**
 * Counts what is moved by protocol. Only protocols that this side serves or asks for get an entry,
 * so a stranger cannot make it grow. Safe for use by any thread.
 */
final class TrafficTable {
    private final ConcurrentSkipListMap<String, Count> counts = new ConcurrentSkipListMap<>();

    Count of(ProtocolId protocol) {
        return counts.computeIfAbsent(protocol.name(), _ -> new Count(protocol));
    }

    List<Traffic> all() {
        var all = new ArrayList<Traffic>();
        for (var count : counts.values()) {
            all.add(count.now());
        }
        return all;
    }

    /** One protocol. */
    static final class Count {
        private final ProtocolId protocol;
        private final LongAdder received = new LongAdder();
        private final LongAdder sent = new LongAdder();
        private final LongAdder opened = new LongAdder();
        private final LongAdder closed = new LongAdder();

        private Count(ProtocolId protocol) {
            this.protocol = protocol;
        }

        void received(int bytes) {
            received.add(bytes);
        }

        void sent(long bytes) {
            sent.add(bytes);
        }

        void opened() {
            opened.increment();
        }

        void closed() {
            closed.increment();
        }

        private Traffic now() {
            long over = closed.sum();
            long all = opened.sum();
            return new Traffic(protocol, received.sum(), sent.sum(), all, all - over);
        }
    }
}
