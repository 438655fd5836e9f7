package tensorlink.dht;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import tensorlink.p2p.core.Host;
import tensorlink.p2p.core.HostEvent;
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
    private final Host host;
    private final DhtConfig config;
    private final Background background;
    private final KadClient client;
    private final Contacts contacts;
    private final LookupRun lookups;
    private final Holdings holdings;
    private final Publisher publisher;
    private final Refresh refresh;
    private final Seeds seeds;
    private final Subscription subscription;
    private final AtomicBoolean rejoining = new AtomicBoolean();
    private final AtomicBoolean closed = new AtomicBoolean();

    private Dht(Host host, DhtConfig config) {
        var codec = new KadCodec(config);
        this.host = host;
        this.config = config;
        this.background = new Background(config.scheduler());
        this.client = new KadClient(host, config, codec);
        this.contacts = new Contacts(host, config, client, background);
        this.lookups = new LookupRun(host.id(), config, client, contacts);
        this.holdings = new Holdings(host.id(), config);
        this.publisher = new Publisher(config, background);
        this.refresh = new Refresh(host.id(), config, contacts, lookups);
        this.seeds = new Seeds(host, config, client, contacts);
        switch (config.mode()) {
            case SERVER ->
                    host.handle(
                            config.protocol(), new KadServer(config, codec, contacts, holdings));
            case CLIENT -> {}
        }
        this.subscription = host.subscribe(contacts);
        for (var connection : host.connections()) {
            contacts.on(new HostEvent.Identified(connection.remotePeer()));
        }
        background.start("kad refresh", refresh::keepUp);
    }

    /**
     * Takes part from now on, as a server if so configured. The host stays the caller's; close the
     * DHT before it.
     *
     * @throws IllegalStateException when the host already serves the protocol
     */
    public static Dht start(Host host, DhtConfig config) {
        return new Dht(host, config);
    }

    /**
     * Enters the network through {@code peers}: asks each of them, and through those that answer
     * finds our neighbours. From then on, whenever nobody is known any more, it tries them again in
     * the background, after ever longer pauses.
     *
     * @param peers others than ourselves; with none of them this node waits to be found
     * @return who answered, and for each of the others why not
     * @throws BootstrapException when there are peers and none of them answered
     */
    public BootstrapReport bootstrap(List<PeerInfo> peers)
            throws BootstrapException, InterruptedException {
        requireOpen();
        var report = seeds.join(peers);
        if (rejoining.compareAndSet(false, true)) {
            background.start("kad rejoin", () -> seeds.keepUp(refresh));
        }
        if (report.answered().isEmpty() && !report.failures().isEmpty()) {
            throw new BootstrapException(report);
        }
        refresh.findNeighbours();
        background.start("kad refresh once", refresh::findOthers);
        return report;
    }

    /**
     * Announces that this node provides {@code key}, and does so again before others forget it,
     * until {@link #withdraw} or {@link #close}.
     *
     * @return how many peers were told now, at most {@code k}; when it is 0 we go on trying
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
        holdings.withdraw(key, host.id());
    }

    /**
     * Finds others that provide {@code key}. Whether they still do is theirs to say.
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
        var goal = new ProvidersGoal(host.id(), count);
        goal.add(holdings.providers(key));
        lookups.run(key, new KadRequest.GetProviders(key), config.search().k(), goal);
        var providers = goal.providers();
        providers.forEach(host.peers()::add);
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
        if (peer.equals(host.id())) {
            return Optional.of(host.info());
        }
        var goal = new PeerGoal(host, peer);
        var key = Key.of(peer);
        var lookup = lookups.run(key, new KadRequest.FindNode(key), config.search().beta(), goal);
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
        host.peers().add(found);
        return Optional.of(found);
    }

    /** The {@code k} peers closest to {@code key} that answer, closest first, without ourselves. */
    public List<PeerInfo> closestPeers(Key key) throws InterruptedException {
        requireOpen();
        return walk(key).closest();
    }

    /** The whole lookup behind {@link #closestPeers}. */
    Lookup walk(Key key) throws InterruptedException {
        return lookups.gather(key);
    }

    /**
     * Stores {@code record} at the peers closest to its key, and does so again before they forget
     * it, until it ends, a better one turns up under its key, or {@link #close}.
     *
     * @return how many others hold it now, at most {@code k}; when it is 0 we go on trying
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
     * Finds the best valid record under {@code key}, by the judgement of its validator. Peers close
     * to the key that hold a worse one or none are given it.
     *
     * @throws RecordRefusedException when the key's namespace has no validator
     */
    public Optional<DhtRecord> get(ByteString key)
            throws RecordRefusedException, InterruptedException {
        requireOpen();
        holdings.validator(key);
        var goal = new RecordGoal(holdings);
        var lookup = find(key, config.search().beta(), goal);
        goal.best()
                .ifPresent(best -> {
                    var behind = goal.behind(lookup.closest());
                    background.start("kad correct", () -> storeAt(behind, best));
                });
        return goal.best();
    }

    /** How full the routing table is. */
    public TableStatus table() {
        return contacts.table().status();
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
        switch (config.mode()) {
            case SERVER -> host.unhandle(config.protocol());
            case CLIENT -> {}
        }
        subscription.close();
        background.close();
        client.close();
    }

    private int announce(Key key) throws InterruptedException {
        var self = host.info();
        holdings.provide(key, self);
        var announcement = new KadRequest.AddProvider(key, List.of(self));
        return count(
                closestPeers(key),
                peer -> {
                    client.tell(peer, announcement);
                    return true;
                });
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
        return storeAt(lookup.closest(), record);
    }

    private Lookup find(ByteString key, int resiliency, RecordGoal goal)
            throws InterruptedException {
        holdings.record(key).ifPresent(held -> goal.offer(host.id(), held.record()));
        var place = Key.of(key);
        return lookups.run(place, new KadRequest.GetValue(place), resiliency, goal);
    }

    private int storeAt(List<PeerInfo> peers, DhtRecord record) throws InterruptedException {
        var request = new KadRequest.PutValue(new HeldRecord(record, config.scheduler().now()));
        return count(
                peers,
                peer ->
                        client.ask(peer, request)
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
