package tensorlink.dht;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.peer.PeerInfo;

/**
 * Carries out {@link Lookup}s: asks each peer on a virtual thread of its own, and feeds the answers
 * back on the thread of the caller, which alone touches the lookup and the goal.
 */
final class LookupRun {
    private final PeerId self;
    private final DhtConfig config;
    private final KadNetwork network;
    private final Contacts contacts;
    private final NetworkSize size;
    private final Patience patience;

    LookupRun(KadNetwork network, DhtConfig config, Contacts contacts, NetworkSize size) {
        this.self = network.self().id();
        this.config = config;
        this.network = network;
        this.contacts = contacts;
        this.size = size;
        this.patience = new Patience(config.timeouts().slow());
    }

    /** Finds the way to {@code key}: enough to know who is near it, not to have met all of them. */
    Lookup approach(Key key) throws InterruptedException {
        return run(
                key,
                new KadRequest.FindNode(key),
                new Effort(config.search().beta(), 1),
                Goal.NONE);
    }

    /** Meets the {@code k} peers closest to {@code key}. */
    Lookup gather(Key key) throws InterruptedException {
        return run(
                key, new KadRequest.FindNode(key), new Effort(config.search().k(), 1), Goal.NONE);
    }

    /** Meets the {@code k} peers closest to {@code key}, knowing nobody but {@code entry}. */
    Lookup through(PeerInfo entry, Key key) throws InterruptedException {
        return run(
                key,
                new KadRequest.FindNode(key),
                new Effort(config.search().k(), 1),
                Goal.NONE,
                List.of(entry));
    }

    /**
     * Meets the peers in the {@link Region} of {@code key} other than those closest to the key.
     *
     * @return one list for each part of the region, the same peer in several perhaps; none when the
     *     network is small
     */
    List<List<PeerInfo>> around(Key key) throws InterruptedException {
        var region = Region.around(key, size.estimate(), config.search().k());
        if (region.isEmpty() || config.search().landmarks() == 0) {
            return List.of();
        }
        return Errands.all(
                config.scheduler(),
                config.search().landmarks(),
                region.get().landmarks(config.search().landmarks(), config.random()),
                landmark -> {
                    var members = new ArrayList<>(gather(landmark).closest());
                    members.removeIf(peer -> !region.get().contains(Key.of(peer.id())));
                    return members;
                });
    }

    /**
     * Walks towards {@code key}, asking {@code request} of everybody on the way, until as many as
     * the effort says have answered, the goal is reached, or the time for a lookup is over. What is
     * still on its way then is given up.
     */
    Lookup run(Key key, KadRequest request, Effort effort, Goal goal) throws InterruptedException {
        return run(key, request, effort, goal, contacts.nearest(key));
    }

    private Lookup run(Key key, KadRequest request, Effort effort, Goal goal, List<PeerInfo> start)
            throws InterruptedException {
        var lookup = new Lookup(self, key, config.search(), effort.resiliency(), effort.paths());
        lookup.start(start);
        try (var errands = new Errands<Outcome>(config.scheduler())) {
            errands.remind(config.timeouts().lookup(), new Outcome.TimeUp());
            walk(lookup, request, goal, errands);
        }
        lookup.slow().forEach(contacts::doubt);
        return lookup;
    }

    /** Asks {@code request} of all of {@code peers}, until the goal is reached. */
    void askAll(List<PeerInfo> peers, KadRequest request, Goal goal) throws InterruptedException {
        try (var errands = new Errands<Outcome>(config.scheduler())) {
            errands.remind(config.timeouts().request(), new Outcome.TimeUp());
            int sent = 0;
            int back = 0;
            while (back < peers.size() && !goal.isReached()) {
                while (sent < peers.size() && sent - back < config.search().alpha()) {
                    var peer = peers.get(sent++);
                    errands.send("kad ask", () -> ask(peer, request));
                }
                switch (errands.take()) {
                    case Outcome.Answered(var peer, var answer, var _) -> {
                        contacts.answered(peer);
                        goal.answered(peer, answer);
                        back++;
                    }
                    case Outcome.Failed(var peer, var cause) -> {
                        contacts.failed(peer.id(), cause);
                        back++;
                    }
                    case Outcome.Slow _ -> {}
                    case Outcome.TimeUp() -> {
                        return;
                    }
                }
            }
        }
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
            var answer = network.ask(peer, request);
            var after = Duration.ofNanos(config.scheduler().nanoTime() - start);
            return new Outcome.Answered(peer, answer, after);
        } catch (IOException silent) {
            return new Outcome.Failed(peer, silent);
        }
    }

    /**
     * How thorough a lookup is.
     *
     * @param resiliency how many of the closest must have answered
     * @param paths how many disjoint ways it takes
     */
    record Effort(int resiliency, int paths) {}

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
