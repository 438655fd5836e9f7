package tensorlink.dht;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import tensorlink.p2p.core.Host;
import tensorlink.p2p.core.Subscription;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.peer.PeerInfo;

/**
 * A node's part in the network's distributed hash table: finds peers, those who provide something,
 * and records, and helps others find them.
 *
 * <p>Safe for use by any thread. The verbs block, for at most {@link DhtConfig.Timeouts#lookup} and
 * then {@link DhtConfig.Timeouts#request}, so they belong on virtual threads. A peer that fails or
 * misbehaves costs a lookup time, never its result; with nobody reachable the result is empty.
 *
 * <p>Addresses that others told are hints until a dial proves them. Those of results are also added
 * to the host's peer store, so that {@link Host#open} finds them.
 */
public final class Dht implements AutoCloseable {
    private final KadNetwork network;
    private final DhtConfig config;
    private final Background background;
    private final Contacts contacts;
    private final NetworkSize size = new NetworkSize();
    private final LookupRun lookups;
    private final Holdings holdings;
    private final Replies replies;
    private final Publisher publisher;
    private final Refresh refresh;
    private final Seeds seeds;
    private final Archive archive;
    private final Subscription subscription;
    private final AtomicBoolean rejoining = new AtomicBoolean();
    private final AtomicBoolean closed = new AtomicBoolean();

    private final ReentrantLock modeLock = new ReentrantLock();
    private DhtConfig.Mode mode = DhtConfig.Mode.CLIENT;

    private Dht(KadNetwork network, DhtConfig config) {
        var self = network.self().id();
        this.network = network;
        this.config = config;
        this.background = new Background(config.scheduler());
        this.contacts = new Contacts(network, config, background);
        this.lookups = new LookupRun(network, config, contacts, size);
        this.holdings = new Holdings(self, config);
        this.replies = new Replies(config, contacts, holdings);
        this.publisher = new Publisher(config, background);
        this.refresh = new Refresh(network, config, contacts, lookups, size);
        this.seeds = new Seeds(network, config, contacts, lookups);
        this.archive = new Archive(config, contacts.table(), holdings);
        seeds.remember(archive.restore());
        switchTo(config.mode());
        this.subscription = network.listen(contacts);
        background.start("kad refresh", refresh::keepUp);
        background.start("kad archive", archive::keepUp);
    }

    /**
     * Takes part from now on, as a server if so configured. The host stays the caller's; close the
     * DHT before it.
     *
     * @throws IllegalStateException when the host already serves the protocol
     */
    public static Dht start(Host host, DhtConfig config) {
        return start(new HostNetwork(host, config), config);
    }

    /** Takes part in a network of another kind than that of a {@link Host}. */
    public static Dht start(KadNetwork network, DhtConfig config) {
        return new Dht(network, config);
    }

    /**
     * Begins to answer others, or ends it: as a node does that learns that others can reach it, or
     * no longer can. Those connected are told.
     *
     * @throws IllegalStateException when the host serves the protocol by other means
     */
    public void switchTo(DhtConfig.Mode other) {
        modeLock.lock();
        try {
            if (mode == other) {
                return;
            }
            switch (other) {
                case SERVER -> network.serve(replies);
                case CLIENT -> network.retire();
            }
            mode = other;
        } finally {
            modeLock.unlock();
        }
    }

    /** Whether others may ask this node now. */
    public DhtConfig.Mode mode() {
        modeLock.lock();
        try {
            return mode;
        } finally {
            modeLock.unlock();
        }
    }

    /**
     * As {@link #enter}, with one source.
     *
     * @param peers others than ourselves; with none of them this node waits to be found
     * @throws BootstrapException when there is somebody to ask and nobody answered
     */
    public BootstrapReport bootstrap(List<PeerInfo> peers)
            throws BootstrapException, InterruptedException {
        return enter(List.of(PeerSource.of("configuration", peers)));
    }

    /**
     * Enters the network through all of {@code sources} and the anchors of an earlier life at once.
     * From then on, in the background: whoever has not answered is tried again after ever longer
     * pauses, and enters the routing table when it does; while nobody is known the pauses are
     * short. When the network turns out to be two, through an entrance of each they are made one.
     *
     * @return who answered, and for each of the others why not; {@link #entrances} tells how that
     *     goes on
     * @throws BootstrapException when there is somebody to ask and nobody answered
     */
    public BootstrapReport enter(List<PeerSource> sources)
            throws BootstrapException, InterruptedException {
        requireOpen();
        var report = seeds.join(sources);
        if (rejoining.compareAndSet(false, true)) {
            background.start("kad rejoin", () -> seeds.keepUp(refresh));
        }
        if (report.answered().isEmpty() && !report.failures().isEmpty()) {
            throw new BootstrapException(report);
        }
        refresh.findNeighbours();
        background.start(
                "kad refresh once",
                () -> {
                    refresh.checkTheSilent();
                    refresh.findOthers();
                });
        return report;
    }

    /**
     * Announces that this node provides {@code key}, and does so again before others forget it,
     * until {@link #withdraw} or {@link #close}.
     *
     * @return how many peers were told now: the {@code k} closest to the key and those of the
     *     region around it; when it is 0 we go on trying
     * @throws IllegalArgumentException when the key has more than 80 bytes
     */
    public int provide(Key key) throws InterruptedException {
        requireOpen();
        requireProvidable(key);
        int told = announce(key);
        publisher.repeat(
                new Publisher.Publication.Provided(key),
                config.intervals().providerRepublish(),
                told,
                () -> announce(key));
        return told;
    }

    /**
     * Announces {@code key} no longer. Others cannot be told so; they forget it after {@link
     * DhtConfig.Intervals#providerExpiry}.
     */
    public void withdraw(Key key) {
        publisher.withdraw(new Publisher.Publication.Provided(key));
        holdings.withdraw(key, network.self().id());
    }

    /**
     * Finds others that provide {@code key}. Whether they still do is theirs to say: what was found
     * in different parts of the region around the key comes in turns, so that nobody who crowds the
     * key drowns the others.
     *
     * @param count how many are enough, at least 1
     * @return at most {@code count}, never ourselves; empty when there are none
     */
    public List<PeerInfo> findProviders(Key key, int count) throws InterruptedException {
        requireOpen();
        requireProvidable(key);
        if (count < 1) {
            throw new IllegalArgumentException("count is " + count + ", expected at least 1");
        }
        var request = new KadRequest.GetProviders(key);
        var goal = new ProvidersGoal(network.self().id(), count);
        goal.add(holdings.providers(key));
        lookups.run(key, request, thorough(config.search().k()), goal);
        var parts = new ArrayList<>(List.of(goal.providers()));
        for (var members : lookups.around(key)) {
            var part = new ProvidersGoal(network.self().id(), count);
            lookups.askAll(members, request, part);
            parts.add(part.providers());
        }
        var providers = ProvidersGoal.inTurns(network.self().id(), parts, count);
        providers.forEach(network::remember);
        return providers;
    }

    /**
     * Finds where {@code peer} is. When it is connected to us, or could be on the way, the
     * addresses are those it says itself.
     *
     * @return empty when nobody knows
     */
    public Optional<PeerInfo> findPeer(PeerId peer) throws InterruptedException {
        requireOpen();
        if (peer.equals(network.self().id())) {
            return Optional.of(network.self());
        }
        var goal = new PeerGoal(network, peer);
        var key = Key.of(peer);
        // Who knows the peer need not be among the first to answer; once it is found, nobody is
        // waited for.
        var lookup =
                lookups.run(key, new KadRequest.FindNode(key), thorough(config.search().k()), goal);
        var addresses =
                new LinkedHashSet<>(
                        contacts.identified(peer).map(PeerInfo::addresses).orElse(List.of()));
        if (addresses.isEmpty()) {
            addresses.addAll(lookup.heardOf(peer));
        }
        if (addresses.isEmpty() && !goal.isReached()) {
            return Optional.empty();
        }
        var found = new PeerInfo(peer, List.copyOf(addresses));
        network.remember(found);
        return Optional.of(found);
    }

    /** The {@code k} peers closest to {@code key} that answer, closest first, without ourselves. */
    public List<PeerInfo> closestPeers(Key key) throws InterruptedException {
        return lookUp(key).closest();
    }

    /** As {@link #closestPeers}, and what it took. */
    public LookupReport lookUp(Key key) throws InterruptedException {
        requireOpen();
        var lookup = lookups.gather(key);
        return new LookupReport(lookup.closest(), lookup.hops(), lookup.rounds(), lookup.asked());
    }

    /**
     * Stores {@code record} at the peers closest to its key and in the region around it, and does
     * so again before they forget it, until it ends, a better one turns up under its key, or {@link
     * #close}.
     *
     * @return how many others hold it now; when it is 0 we go on trying
     * @throws RecordRefusedException when its validator finds it bad, its namespace has none, or a
     *     better one is already stored
     */
    public int put(DhtRecord record) throws RecordRefusedException, InterruptedException {
        requireOpen();
        int told = store(record);
        publisher.repeat(
                new Publisher.Publication.Stored(record.key()),
                config.intervals().recordRepublish(),
                told,
                () -> store(record));
        return told;
    }

    /**
     * Finds the best valid record under {@code key}, by the judgement of its validator; in the
     * region around the key when those closest to it have none. Peers close to the key that hold a
     * worse one or none are given it.
     *
     * @throws RecordRefusedException when the key's namespace has no validator
     */
    public Optional<DhtRecord> get(ByteString key)
            throws RecordRefusedException, InterruptedException {
        requireOpen();
        holdings.validator(key);
        var goal = new RecordGoal(holdings);
        var lookup = find(key, config.search().beta(), goal);
        if (goal.best().isEmpty()) {
            var request = new KadRequest.GetValue(Key.of(key));
            for (var members : lookups.around(Key.of(key))) {
                lookups.askAll(members, request, goal);
            }
        }
        goal.best()
                .ifPresent(best -> {
                    var behind = goal.behind(lookup.closest());
                    background.start("kad correct", () -> storeAt(behind, best));
                });
        return goal.best();
    }

    /** How the ways into the network stand. */
    public EntranceReport entrances() {
        return seeds.report();
    }

    /** Has {@code source}, which has news or is new itself, asked soon; does not wait for it. */
    public void lookAgain(PeerSource source) {
        seeds.lookAgain(source);
    }

    /** How full the routing table is. */
    public TableStatus table() {
        return contacts.table().status();
    }

    /** Whom this node would ask now: everybody in the routing table who is not lost. */
    public List<PeerInfo> knownPeers() {
        var known = new ArrayList<PeerInfo>();
        for (var contact : contacts.table().contacts()) {
            if (!contact.lost()) {
                known.add(contact.info());
            }
        }
        return known;
    }

    /** How many servers the network has by our estimate; 0 while it is small or unknown. */
    public double networkSize() {
        return size.estimate();
    }

    /** Whom this node knows. */
    Contacts contacts() {
        return contacts;
    }

    /** The threads of this node beside its callers'. */
    Background background() {
        return background;
    }

    /** What this node holds for others. */
    Holdings holdings() {
        return holdings;
    }

    /** Leaves: stops serving and announcing, and waits for its own threads to end. Idempotent. */
    @Override
    public void close() {
        if (!closed.compareAndSet(false, true)) {
            return;
        }
        switchTo(DhtConfig.Mode.CLIENT);
        subscription.close();
        background.close();
        network.close();
        archive.saveAtLast();
    }

    private LookupRun.Effort thorough(int resiliency) {
        return new LookupRun.Effort(resiliency, config.search().paths());
    }

    private int announce(Key key) throws InterruptedException {
        var self = network.self();
        holdings.provide(key, self);
        var announcement = new KadRequest.AddProvider(key, List.of(self));
        return count(
                holders(key, lookups.gather(key)),
                peer -> {
                    network.tell(peer, announcement);
                    return true;
                });
    }

    /** Who is to hold what is under {@code key}: the closest that were met, and the region. */
    private List<PeerInfo> holders(Key key, Lookup lookup) throws InterruptedException {
        var holders = new LinkedHashMap<PeerId, PeerInfo>();
        for (var peer : lookup.closest()) {
            holders.put(peer.id(), peer);
        }
        for (var members : lookups.around(key)) {
            for (var peer : members) {
                holders.putIfAbsent(peer.id(), peer);
            }
        }
        return List.copyOf(holders.values());
    }

    private int store(DhtRecord record) throws RecordRefusedException, InterruptedException {
        var end =
                switch (holdings.check(record)) {
                    case RecordValidator.Verdict.Invalid(var reason) ->
                            throw new RecordRefusedException(reason);
                    case RecordValidator.Verdict.Valid(var until) -> until;
                };
        var goal = new RecordGoal(holdings);
        var lookup = find(record.key(), config.search().k(), goal);
        if (goal.knowsBetter(record)) {
            throw new RecordRefusedException("a better record is stored under the same key");
        }
        holdings.keep(record, end);
        return storeAt(holders(Key.of(record.key()), lookup), record);
    }

    private Lookup find(ByteString key, int resiliency, RecordGoal goal)
            throws InterruptedException {
        holdings.record(key).ifPresent(held -> goal.offer(network.self().id(), held.record()));
        var place = Key.of(key);
        return lookups.run(place, new KadRequest.GetValue(place), thorough(resiliency), goal);
    }

    private int storeAt(List<PeerInfo> peers, DhtRecord record) throws InterruptedException {
        var request = new KadRequest.PutValue(new HeldRecord(record, config.scheduler().now()));
        return count(
                peers,
                peer ->
                        network.ask(peer, request)
                                .record()
                                .map(HeldRecord::record)
                                .equals(Optional.of(record)));
    }

    /** Does {@code step} with all of {@code peers} and counts with how many it succeeded. */
    private int count(List<PeerInfo> peers, Step step) throws InterruptedException {
        var results =
                Errands.all(
                        config.scheduler(),
                        config.search().alpha(),
                        peers,
                        peer -> {
                            try {
                                return step.run(peer);
                            } catch (IOException refused) {
                                return false;
                            }
                        });
        int count = 0;
        for (boolean success : results) {
            count += success ? 1 : 0;
        }
        return count;
    }

    private void requireOpen() {
        if (closed.get()) {
            throw new IllegalStateException("this DHT is closed");
        }
    }

    private static void requireProvidable(Key key) {
        if (key.bytes().size() > KadCodec.PROVIDER_KEY_BYTES_MAX) {
            throw new IllegalArgumentException(
                    "provided key of "
                            + key.bytes().size()
                            + " bytes, limit "
                            + KadCodec.PROVIDER_KEY_BYTES_MAX);
        }
    }

    /** Something done with one peer. */
    private interface Step {
        boolean run(PeerInfo peer) throws IOException, InterruptedException;
    }
}
