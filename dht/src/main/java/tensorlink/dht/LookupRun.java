package tensorlink.dht;

import java.io.IOException;
import java.time.Duration;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.peer.PeerInfo;

/**
 * Carries out {@link Lookup}s: asks each peer on a virtual thread of its own, and feeds the answers
 * back on the thread of the caller, which alone touches the lookup and the goal.
 */
final class LookupRun {
    private final PeerId self;
    private final DhtConfig config;
    private final KadClient client;
    private final Contacts contacts;
    private final Patience patience;

    LookupRun(PeerId self, DhtConfig config, KadClient client, Contacts contacts) {
        this.self = self;
        this.config = config;
        this.client = client;
        this.contacts = contacts;
        this.patience = new Patience(config.timeouts().slow());
    }

    /** Finds the way to {@code key}: enough to know who is near it, not to have met all of them. */
    Lookup approach(Key key) throws InterruptedException {
        return run(key, new KadRequest.FindNode(key), config.search().beta(), Goal.NONE);
    }

    /** Meets the {@code k} peers closest to {@code key}. */
    Lookup gather(Key key) throws InterruptedException {
        return run(key, new KadRequest.FindNode(key), config.search().k(), Goal.NONE);
    }

    /**
     * Walks towards {@code key}, asking {@code request} of everybody on the way, until the {@code
     * resiliency} closest have answered, the goal is reached, or the time for a lookup is over.
     * What is still on its way then is given up.
     */
    Lookup run(Key key, KadRequest request, int resiliency, Goal goal) throws InterruptedException {
        var lookup = new Lookup(self, key, config.search(), resiliency);
        lookup.start(contacts.nearest(key));
        try (var errands = new Errands<Outcome>(config.scheduler())) {
            errands.remind(config.timeouts().lookup(), new Outcome.TimeUp());
            walk(lookup, request, goal, errands);
        }
        lookup.slow().forEach(contacts::doubt);
        return lookup;
    }

    private void walk(Lookup lookup, KadRequest request, Goal goal, Errands<Outcome> errands)
            throws InterruptedException {
        while (!goal.isReached()) {
            for (var peer : lookup.next()) {
                errands.send("kad ask", () -> ask(peer, request));
                errands.remind(patience.limit(), new Outcome.Slow(peer.id()));
            }
            if (lookup.isDone()) {
                return;
            }
            switch (errands.take()) {
                case Outcome.Answered(var peer, var answer, var after) -> {
                    patience.answered(after);
                    contacts.answered(peer);
                    lookup.answered(peer.id(), answer.closer());
                    goal.answered(peer, answer);
                }
                case Outcome.Failed(var peer, var cause) -> {
                    contacts.failed(peer.id(), cause);
                    lookup.failed(peer.id());
                }
                case Outcome.Slow(var peer) -> lookup.slow(peer);
                case Outcome.TimeUp() -> {
                    return;
                }
            }
        }
    }

    private Outcome ask(PeerInfo peer, KadRequest request) throws InterruptedException {
        long start = config.scheduler().nanoTime();
        try {
            var answer = client.ask(peer, request);
            var after = Duration.ofNanos(config.scheduler().nanoTime() - start);
            return new Outcome.Answered(peer, answer, after);
        } catch (IOException silent) {
            return new Outcome.Failed(peer, silent);
        }
    }

    /** What a lookup is for, besides the way to its key. */
    interface Goal {
        /** Only the way. */
        Goal NONE = new Goal() {};

        /** Takes an answer. */
        default void answered(PeerInfo peer, KadResponse answer) {}

        /** Whether the lookup may end early. */
        default boolean isReached() {
            return false;
        }
    }

    private sealed interface Outcome {
        record Answered(PeerInfo peer, KadResponse answer, Duration after) implements Outcome {}

        record Failed(PeerInfo peer, IOException cause) implements Outcome {}

        record Slow(PeerId peer) implements Outcome {}

        record TimeUp() implements Outcome {}
    }
}
