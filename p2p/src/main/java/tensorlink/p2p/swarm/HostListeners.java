package tensorlink.p2p.swarm;

import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tensorlink.p2p.core.HostEvent;
import tensorlink.p2p.core.HostListener;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.core.Subscription;

/** Passes a host's events on, to each listener at its own pace on its own thread. */
final class HostListeners {
    private static final Logger log = LoggerFactory.getLogger(HostListeners.class);

    private final Scheduler scheduler;
    private final int pendingMax;
    private final List<Place> places = new CopyOnWriteArrayList<>();

    HostListeners(Scheduler scheduler, int pendingMax) {
        this.scheduler = scheduler;
        this.pendingMax = pendingMax;
    }

    Subscription add(HostListener listener) {
        var place = new Place(listener);
        places.add(place);
        var _ = scheduler.fork("p2p events", place::run);
        return place;
    }

    /** Does not block; a listener too far behind is ended. */
    void publish(HostEvent event) {
        for (var place : places) {
            if (!place.queue.offer(new Item.Next(event))) {
                log.warn("a listener is {} events behind and is ended", pendingMax);
                place.close();
            }
        }
    }

    void close() {
        for (var place : places) {
            place.close();
        }
    }

    private sealed interface Item {
        record Next(HostEvent event) implements Item {}

        record End() implements Item {}
    }

    private final class Place implements Subscription {
        private final HostListener listener;
        private final BlockingQueue<Item> queue = new ArrayBlockingQueue<>(pendingMax);
        private volatile boolean isClosed;

        Place(HostListener listener) {
            this.listener = listener;
        }

        private void run() {
            try {
                while (!isClosed) {
                    switch (queue.take()) {
                        case Item.Next(var event) -> pass(event);
                        case Item.End() -> {
                            return;
                        }
                    }
                }
            } catch (InterruptedException ended) {
                close();
            }
        }

        private void pass(HostEvent event) {
            if (isClosed) {
                return;
            }
            try {
                listener.on(event);
            } catch (RuntimeException bug) {
                log.error("a listener failed on {}", event, bug);
            }
        }

        /** A full queue needs no mark at its end: its thread looks at the flag after each event. */
        @Override
        public void close() {
            isClosed = true;
            places.remove(this);
            var _ = queue.offer(new Item.End());
        }
    }
}
