package tensorlink.dht;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.peer.PeerInfo;

/**
 * Does what {@link Entrances} decides: asks the sources, knocks at the peers they name, at first
 * and again in the background, and looks whether the network has fallen apart. Safe for use by any
 * thread.
 */
final class Seeds {
    private static final Logger log = LoggerFactory.getLogger(Seeds.class);

    private static final int SPLIT_CHECK_REFRESHES = 3;

    private final KadNetwork network;
    private final DhtConfig config;
    private final Contacts contacts;
    private final LookupRun lookups;
    private final SplitCheck check;
    private final LinkedBlockingQueue<Wake> wakes = new LinkedBlockingQueue<>();

    /** Written by the background thread alone. */
    private volatile Optional<EntranceReport.Split> split = Optional.empty();

    private final ReentrantLock lock = new ReentrantLock();
    private final Entrances entrances;
    private final Map<String, PeerSource> sources = new LinkedHashMap<>();
    private final Map<String, PeerSource> withNews = new LinkedHashMap<>();

    /** Why the background thread goes on. */
    private enum Wake {
        TIME,
        NEWS
    }

    Seeds(KadNetwork network, DhtConfig config, Contacts contacts, LookupRun lookups) {
        this.network = network;
        this.config = config;
        this.contacts = contacts;
        this.lookups = lookups;
        this.check = new SplitCheck(config, lookups);
        this.entrances = new Entrances(network.self().id(), config.intervals(), config.random());
    }

    /** Remembers whom an earlier life of this node knew best. */
    void remember(List<PeerInfo> anchors) {
        if (!anchors.isEmpty()) {
            tell(it -> it.named(EntranceReport.LAST_GOOD_PEERS, anchors));
        }
    }

    /** Adds {@code more} sources, asks all there are, and knocks at everybody they name. */
    BootstrapReport join(List<PeerSource> more) throws InterruptedException {
        lock.lock();
        try {
            more.forEach(source -> sources.put(source.name(), source));
        } finally {
            lock.unlock();
        }
        // Who knows the way already does not wait for a slow name server.
        ask(everySource(), config.timeouts().slow()).forEach(this::lookAgain);
        return knock(decide(Entrances::all));
    }

    /**
     * Has the background thread ask {@code source}, which has news or is new itself. However often
     * it has some, it is asked once in {@link DhtConfig.Intervals#rejoinMin}.
     */
    void lookAgain(PeerSource source) {
        lock.lock();
        try {
            boolean isFirst = withNews.isEmpty();
            withNews.put(source.name(), source);
            sources.put(source.name(), source);
            if (isFirst) {
                var _ =
                        config.scheduler()
                                .after(config.intervals().rejoinMin(), () -> wakes.add(Wake.NEWS));
            }
        } finally {
            lock.unlock();
        }
    }

    private List<PeerSource> takeNews() {
        lock.lock();
        try {
            var told = List.copyOf(withNews.values());
            withNews.clear();
            return told;
        } finally {
            lock.unlock();
        }
    }

    EntranceReport report() {
        boolean alone = contacts.table().isEmpty();
        return decide(it -> it.report(alone, contacts.table()::contains, split));
    }

    /** Goes on knocking at whoever has not answered, and looks for splits, until interrupted. */
    void keepUp(Refresh refresh) throws InterruptedException {
        var now = config.scheduler().now();
        var asked = now;
        var checked = now;
        while (true) {
            var wake = await();
            now = config.scheduler().now();
            boolean alone = contacts.table().isEmpty();
            rememberTheBest();
            var patience = alone ? config.intervals().rejoinMax() : config.intervals().refresh();
            if (!now.isBefore(asked.plus(patience))) {
                asked = now;
                ask(everySource(), config.timeouts().request());
            } else if (wake == Wake.NEWS) {
                ask(takeNews(), config.timeouts().request());
            }
            var known = known();
            var late = new ArrayList<>(cameIn(now));
            var report = knock(due(now));
            late.addAll(report.answered());
            if (alone) {
                log.info("alone in the network, knocked again: {}", report);
            }
            if (!late.isEmpty() && !known.isEmpty()) {
                // Those whom we have known longest have nothing to do with who comes now.
                compare(late, known.subList(0, Math.min(2, known.size())), refresh);
            } else if (isCheckDue(now, checked)) {
                checked = now;
                compare(answering(), known, refresh);
            }
            if (alone || !late.isEmpty()) {
                refresh.findNeighbours();
                refresh.findOthers();
            }
        }
    }

    /** While the network is in two, we look often, to see whether it still is. */
    private boolean isCheckDue(Instant now, Instant checked) {
        var interval =
                split.isPresent()
                        ? config.intervals().rejoinMax()
                        : config.intervals().refresh().multipliedBy(SPLIT_CHECK_REFRESHES);
        return !now.isBefore(checked.plus(interval));
    }

    private Wake await() throws InterruptedException {
        var now = config.scheduler().now();
        boolean alone = contacts.table().isEmpty();
        Duration pause = decide(it -> it.pause(now, alone, contacts.table()::contains));
        var reminder = config.scheduler().after(pause, () -> wakes.add(Wake.TIME));
        try {
            return wakes.take();
        } finally {
            reminder.cancel();
            wakes.removeIf(wake -> wake == Wake.TIME);
        }
    }

    private List<PeerInfo> cameIn(Instant now) {
        return decide(it -> it.cameIn(contacts.table()::contains, now));
    }

    private List<PeerInfo> answering() {
        return decide(it -> it.answering(contacts.table()::contains));
    }

    private List<PeerInfo> due(Instant now) {
        boolean alone = contacts.table().isEmpty();
        return decide(it -> it.due(now, alone, contacts.table()::contains));
    }

    /** Those whom we know longest are the best to come back to, should we lose everybody. */
    private void rememberTheBest() {
        var known = known();
        remember(known.subList(0, Math.min(Archive.ANCHORS, known.size())));
    }

    /** Everybody in the table who is not lost; those known longest come first. */
    private List<PeerInfo> known() {
        var contacts = new ArrayList<>(this.contacts.table().contacts());
        contacts.removeIf(Contact::lost);
        contacts.sort(Comparator.comparing(Contact::since));
        var known = new ArrayList<PeerInfo>();
        contacts.forEach(contact -> known.add(contact.info()));
        return known;
    }

    /** Looks through one of {@code entries} and one of {@code known}; heals what is in two. */
    private void compare(List<PeerInfo> entries, List<PeerInfo> known, Refresh refresh)
            throws InterruptedException {
        if (entries.isEmpty()) {
            return;
        }
        var before = split;
        var one = pick(entries, before.map(EntranceReport.Split::one));
        var others = new ArrayList<>(known);
        others.removeIf(peer -> peer.id().equals(one.id()));
        if (others.isEmpty()) {
            return;
        }
        var other = pick(others, before.map(EntranceReport.Split::other));
        boolean apart = check.leadApart(one, other);
        if (apart) {
            note(one.id(), other.id(), before);
            log.info(
                    "the network is in two: {} and {} lead to different peers",
                    one.id().shortText(),
                    other.id().shortText());
            heal(one, other, refresh);
        } else if (before.isPresent()) {
            log.info("the network is one again");
            split = Optional.empty();
        }
    }

    /** The same peers as last time tell best whether what they found is healed. */
    private PeerInfo pick(List<PeerInfo> peers, Optional<PeerId> preferred) {
        for (var peer : peers) {
            if (preferred.equals(Optional.of(peer.id()))) {
                return peer;
            }
        }
        return peers.get(config.random().nextInt(peers.size()));
    }

    private void note(PeerId one, PeerId other, Optional<EntranceReport.Split> before) {
        var since = before.map(EntranceReport.Split::since).orElse(config.scheduler().now());
        split = Optional.of(new EntranceReport.Split(one, other, since));
    }

    /**
     * Meets our neighbours in both parts. As theirs we are asked for the way by both, and each
     * hears of the other.
     */
    private void heal(PeerInfo one, PeerInfo other, Refresh refresh) throws InterruptedException {
        var self = Key.of(network.self().id());
        lookups.through(one, self);
        lookups.through(other, self);
        refresh.findOthers();
    }

    private List<PeerSource> everySource() {
        lock.lock();
        try {
            return List.copyOf(sources.values());
        } finally {
            lock.unlock();
        }
    }

    /**
     * Asks all at the same time; one that does not answer in time is said to be silent.
     *
     * @return those
     */
    private List<PeerSource> ask(List<PeerSource> asked, Duration patience)
            throws InterruptedException {
        try (var errands = new Errands<Told>(config.scheduler())) {
            for (var source : asked) {
                errands.send("kad source", () -> ask(source));
            }
            errands.remind(patience, new Told.TimeUp());
            var silent = new ArrayList<>(asked);
            while (!silent.isEmpty()) {
                switch (errands.take()) {
                    case Told.Peers(var source, var peers) -> {
                        silent.remove(source);
                        take(source, peers);
                    }
                    case Told.Failed(var source, var why) -> {
                        silent.remove(source);
                        isSilent(source, String.valueOf(why.getMessage()));
                    }
                    case Told.TimeUp() -> {
                        for (var source : silent) {
                            isSilent(source, "no answer within " + patience);
                        }
                        return silent;
                    }
                }
            }
            return silent;
        }
    }

    private static Told ask(PeerSource source) throws InterruptedException {
        try {
            return new Told.Peers(source, source.peers());
        } catch (IOException why) {
            return new Told.Failed(source, why);
        }
    }

    private void take(PeerSource source, List<PeerInfo> peers) {
        if (source.isTrusted()) {
            for (var peer : peers) {
                if (!peer.id().equals(network.self().id())) {
                    network.pin(peer);
                }
            }
        }
        tell(it -> it.named(source.name(), peers));
    }

    private void isSilent(PeerSource source, String why) {
        log.debug("{} cannot be asked: {}", source.name(), why);
        tell(it -> it.silent(source.name(), why));
    }

    private BootstrapReport knock(List<PeerInfo> peers) throws InterruptedException {
        var answered = new ArrayList<PeerInfo>();
        var failures = new ArrayList<BootstrapReport.Failure>();
        boolean complete = false;
        try {
            var outcomes =
                    Errands.all(config.scheduler(), config.search().alpha(), peers, this::knock);
            for (var outcome : outcomes) {
                switch (outcome) {
                    case Knock.Answered(var peer) -> answered.add(peer);
                    case Knock.Failed(var failure) -> failures.add(failure);
                }
            }
            complete = true;
        } finally {
            if (!complete) {
                tell(it -> it.calledOff(peers));
            }
        }
        return new BootstrapReport(answered, failures);
    }

    private Knock knock(PeerInfo peer) throws InterruptedException {
        try {
            network.ask(peer, new KadRequest.FindNode(Key.of(network.self().id())));
            contacts.answered(peer);
            tell(it -> it.answered(peer.id(), config.scheduler().now()));
            return new Knock.Answered(peer);
        } catch (IOException silent) {
            contacts.failed(peer.id(), silent);
            tell(it -> it.failed(peer.id(), silent, config.scheduler().now()));
            return new Knock.Failed(new BootstrapReport.Failure(peer, silent));
        }
    }

    private void tell(Consumer<Entrances> news) {
        lock.lock();
        try {
            news.accept(entrances);
        } finally {
            lock.unlock();
        }
    }

    private <T> T decide(Function<Entrances, T> decision) {
        lock.lock();
        try {
            return decision.apply(entrances);
        } finally {
            lock.unlock();
        }
    }

    private sealed interface Knock {
        record Answered(PeerInfo peer) implements Knock {}

        record Failed(BootstrapReport.Failure failure) implements Knock {}
    }

    private sealed interface Told {
        record Peers(PeerSource source, List<PeerInfo> peers) implements Told {}

        record Failed(PeerSource source, IOException why) implements Told {}

        record TimeUp() implements Told {}
    }
}
