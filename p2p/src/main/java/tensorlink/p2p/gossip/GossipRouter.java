package tensorlink.p2p.gossip;

import com.google.protobuf.ByteString;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedSet;
import java.util.Set;
import java.util.function.Function;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import tensorlink.p2p.gossip.Arrival.Outcome;
import tensorlink.p2p.peer.PeerId;

/**
 * All decisions of one gossipsub node (versions 1.0 to 1.2 of the libp2p specification): who is in
 * the mesh, who gets which message, who has lost his standing.
 *
 * <p>It is a state machine: something happens at a time, and it answers with what is to be done. It
 * has no clock, no thread and no source of chance but the one it is given, so equal inputs lead to
 * equal answers. Times are nanoseconds of any monotonic clock and never go back. One thread at a
 * time.
 *
 * <p>A message goes through three stages. On arrival it is checked against what is known of its id;
 * then whoever runs the router finds out whether it is right ({@link Action.Judge}), which may take
 * a while; only with the verdict does its id count as seen, so that a forgery cannot keep the true
 * message away. Equal copies that come meanwhile share the verdict, good or bad.
 */
public final class GossipRouter {
    private final PeerId self;
    private final MeshConfig mesh;
    private final ScoreConfig scores;
    private final GossipLimits limits;
    private final Set<PeerId> explicit;
    private final boolean exchangesPeers;
    private final MessageId defaultId;
    private final Function<PeerId, ByteString> peerRecords;
    private final RandomGenerator random;

    private final PeerScore score;
    private final Upkeep upkeep;
    private final SeenCache seen;
    private final MessageCache cache;
    private final Promises promises;
    private final Map<PeerId, Neighbour> neighbours = new LinkedHashMap<>();
    private final Map<String, Joined> joined = new LinkedHashMap<>();
    private final Map<String, Fanout> fanouts = new LinkedHashMap<>();
    private final Map<String, Backoffs> backoffs = new HashMap<>();
    private final Map<ByteString, List<Arrival>> arrivals = new HashMap<>();
    private final Outbox outbox = new Outbox();
    private int arrivalCount;
    private int exchangedCount;
    private long tick;

    /**
     * @param peerRecords the sealed record of a peer, to be passed on; empty where there is none
     */
    public GossipRouter(
            PeerId self,
            GossipConfig config,
            Function<PeerId, ByteString> peerRecords,
            RandomGenerator random) {
        this.self = self;
        this.mesh = config.mesh();
        this.scores = config.score();
        this.limits = config.limits();
        this.explicit = config.explicitPeers();
        this.exchangesPeers = config.exchangesPeers();
        this.defaultId =
                switch (config.signatures()) {
                    case STRICT_SIGN -> MessageId.byAuthor();
                    case STRICT_NO_SIGN -> MessageId.byContent();
                };
        this.peerRecords = peerRecords;
        this.random = random;
        this.score = new PeerScore(scores, limits.retainedScoresMax());
        this.upkeep = new Upkeep(mesh, scores, score, random);
        this.seen = new SeenCache(mesh.seenLifetime(), limits.seenMax());
        this.cache = new MessageCache(mesh, limits.cacheBytesMax());
        this.promises = new Promises(mesh.promisePatience());
    }

    // Peers come and go.

    /**
     * {@code peer} can be sent to.
     *
     * @param isOutbound whether we dialled
     * @param address what peers of one machine have in common; empty when that does not count
     */
    public List<Action> connected(
            PeerId peer, Dialect dialect, boolean isOutbound, String address) {
        neighbours.put(peer, new Neighbour(peer, dialect, isOutbound));
        score.connected(peer, address);
        for (var topic : joined.keySet()) {
            outbox.to(peer).interests.add(new Rpc.Interest(topic, true));
        }
        return outbox.drain();
    }

    /** {@code peer} cannot be sent to any more. */
    public List<Action> disconnected(PeerId peer, long now) {
        if (neighbours.remove(peer) != null) {
            for (var topic : joined.values()) {
                topic.members.remove(peer);
            }
            for (var fanout : fanouts.values()) {
                fanout.peers.remove(peer);
            }
            promises.forget(peer);
            score.disconnected(peer, now);
        }
        return outbox.drain();
    }

    // What we do.

    /** Subscribes to {@code topic} and builds its mesh as far as peers are known. */
    public List<Action> join(String topic, TopicConfig config, long now) {
        if (joined.containsKey(topic)) {
            throw new IllegalStateException("topic " + topic + " is joined already");
        }
        var fresh = new Joined(config.id().orElse(defaultId));
        joined.put(topic, fresh);
        score.judge(topic, config.score());
        for (var neighbour : neighbours.values()) {
            outbox.to(neighbour.id).interests.add(new Rpc.Interest(topic, true));
        }
        var fanout = fanouts.remove(topic);
        var eligible = eligible(topic, fresh, now);
        Collections.shuffle(eligible, random);
        if (fanout != null) {
            eligible.sort((a, b) -> fanout.rank(a) - fanout.rank(b));
        }
        for (var neighbour : eligible.subList(0, Math.min(mesh.degree(), eligible.size()))) {
            graft(neighbour, topic, fresh, now);
        }
        return outbox.drain();
    }

    /** Unsubscribes; without effect when {@code topic} is not joined. */
    public List<Action> leave(String topic, long now) {
        var left = joined.remove(topic);
        if (left != null) {
            for (var neighbour : neighbours.values()) {
                outbox.to(neighbour.id).interests.add(new Rpc.Interest(topic, false));
            }
            for (var peer : left.members) {
                sendPrune(peer, topic, mesh.leaveBackoff(), exchangesPeers, now);
            }
            score.dismiss(topic);
        }
        return outbox.drain();
    }

    /** Sends a message of our own, on a topic that need not be joined. */
    public List<Action> publish(GossipMessage message, long now) {
        var topic = message.topic();
        var id = idOf(message);
        if (seen.contains(id)) {
            return List.of();
        }
        seen.add(id, true, now);
        cache.put(id, message);
        for (var peer : audience(topic, now)) {
            var draft = outbox.to(peer);
            draft.messages.add(message);
            draft.isOwn = true;
        }
        return outbox.drain();
    }

    private Collection<PeerId> audience(String topic, long now) {
        var audience = new LinkedHashSet<PeerId>();
        for (var neighbour : neighbours.values()) {
            boolean isCertain =
                    explicit.contains(neighbour.id)
                            || (mesh.floodsPublications()
                                    && score.score(neighbour.id) >= scores.publishThreshold());
            if (isCertain && neighbour.topics.contains(topic)) {
                audience.add(neighbour.id);
            }
        }
        if (!mesh.floodsPublications()) {
            var ours = joined.get(topic);
            if (ours == null || ours.members.isEmpty()) {
                var fanout = fanouts.computeIfAbsent(topic, any -> new Fanout());
                fanout.usedAt = now;
                refill(topic, fanout);
                audience.addAll(fanout.peers);
            } else {
                audience.addAll(ours.members);
            }
        }
        return audience;
    }

    private void refill(String topic, Fanout fanout) {
        fanout.peers.removeIf(peer -> !mayHearOurs(neighbours.get(peer), topic));
        var others = new ArrayList<PeerId>();
        for (var neighbour : neighbours.values()) {
            if (mayHearOurs(neighbour, topic) && !fanout.peers.contains(neighbour.id)) {
                others.add(neighbour.id);
            }
        }
        Collections.shuffle(others, random);
        int places = Math.max(0, mesh.degree() - fanout.peers.size());
        fanout.peers.addAll(others.subList(0, Math.min(places, others.size())));
    }

    private boolean mayHearOurs(@Nullable Neighbour neighbour, String topic) {
        return neighbour != null
                && neighbour.topics.contains(topic)
                && !explicit.contains(neighbour.id)
                && score.score(neighbour.id) >= scores.publishThreshold();
    }

    // What others do.

    /** Whether it is worth reading what {@code peer} sends. */
    public boolean listensTo(PeerId peer) {
        return explicit.contains(peer) || score.score(peer) >= scores.graylistThreshold();
    }

    /** {@code peer} sent something that is no RPC or breaks a limit. */
    public void refused(PeerId peer) {
        score.breached(peer, 1);
    }

    /** {@code peer} sent an RPC within all limits. */
    public List<Action> received(PeerId peer, Rpc rpc, long now) {
        var from = neighbours.get(peer);
        if (from == null || !listensTo(peer)) {
            return List.of();
        }
        for (var interest : rpc.interests()) {
            changeInterest(from, interest, now);
        }
        for (var message : rpc.messages()) {
            arrive(from, message, now);
        }
        for (var topic : rpc.grafts()) {
            takeGraft(from, topic, now);
        }
        for (var prune : rpc.prunes()) {
            takePrune(from, prune, now);
        }
        decline(from, rpc.dontWants());
        if (score.score(peer) >= scores.gossipThreshold()) {
            takeHaves(from, rpc.haves(), now);
            takeWants(from, rpc.wants());
        }
        return outbox.drain();
    }

    private void changeInterest(Neighbour from, Rpc.Interest interest, long now) {
        var topic = interest.topic();
        var ours = joined.get(topic);
        if (!interest.isJoined()) {
            from.topics.remove(topic);
            if (ours != null && ours.members.remove(from.id)) {
                score.pruned(from.id, topic);
            }
        } else if (from.topics.size() < limits.topicsPerPeerMax()) {
            from.topics.add(topic);
            if (ours != null
                    && ours.members.size() < mesh.degreeLow()
                    && isEligible(from, topic, ours, now)) {
                graft(from, topic, ours, now);
            }
        }
    }

    // Messages.

    private void arrive(Neighbour from, GossipMessage message, long now) {
        var topic = message.topic();
        if (!joined.containsKey(topic) || message.author().filter(self::equals).isPresent()) {
            return;
        }
        var id = idOf(message);
        if (id.isEmpty() || id.size() > limits.idBytesMax()) {
            throw new IllegalStateException(
                    "message id of " + id.size() + " bytes on topic " + topic);
        }
        var known = seen.get(id);
        if (known != null) {
            repeated(from.id, topic, known, now);
            return;
        }
        promises.arrived(id);
        var variants = arrivals.computeIfAbsent(id, any -> new ArrayList<>(1));
        for (var variant : variants) {
            if (variant.message().equals(message)) {
                variant.bearers.add(from.id);
                return;
            }
        }
        if (arrivalCount == limits.validationsMax()) {
            arrivals.remove(id, List.of());
            return;
        }
        var arrival = new Arrival(id, message, from.id);
        variants.add(arrival);
        arrivalCount++;
        outbox.add(new Action.Judge(arrival));
        if (message.size() >= mesh.dontWantBytes()
                && !score.countsDeliveries(topic)
                && score.score(from.id) >= 0) {
            declineToMesh(id, topic, from.id);
        }
    }

    private void repeated(PeerId from, String topic, SeenCache.Seen known, long now) {
        if (!known.isValid) {
            if (known.broughtBy(from)) {
                score.invalid(from, topic);
            }
        } else if (now - known.at <= deliveryWindow(topic) && known.broughtBy(from)) {
            score.delivered(from, topic);
        }
    }

    private long deliveryWindow(String topic) {
        return score.deliveryWindow(topic).toNanos();
    }

    private void declineToMesh(ByteString id, String topic, PeerId except) {
        var ours = joined.get(topic);
        if (ours != null) {
            for (var peer : ours.members) {
                var neighbour = neighbours.get(peer);
                if (neighbour != null && neighbour.dialect.hasDeclining() && !peer.equals(except)) {
                    outbox.to(peer).dontWants.add(id);
                }
            }
        }
    }

    /** The verdict on {@code arrival} is there. */
    public List<Action> judged(Arrival arrival, Outcome outcome, long now) {
        var id = arrival.id();
        var variants = arrivals.get(id);
        if (variants == null || !variants.remove(arrival)) {
            return List.of();
        }
        arrivalCount--;
        if (variants.isEmpty()) {
            arrivals.remove(id);
        }
        var topic = arrival.message().topic();
        switch (outcome) {
            case ACCEPTED -> {
                if (!seen.contains(id)) {
                    accept(arrival, now);
                }
            }
            case REJECTED -> {
                blame(arrival);
                if (!seen.contains(id)) {
                    var entry = seen.add(id, false, now);
                    arrival.bearers.forEach(entry::broughtBy);
                }
            }
            case FORGED -> blame(arrival);
            case IGNORED -> {
                if (!seen.contains(id)) {
                    seen.add(id, true, now - deliveryWindow(topic) - 1);
                }
            }
            case OVERLOOKED -> {
                // As if it had not come.
            }
        }
        return outbox.drain();
    }

    private void blame(Arrival arrival) {
        for (var peer : arrival.bearers) {
            score.invalid(peer, arrival.message().topic());
        }
    }

    private void accept(Arrival arrival, long now) {
        var message = arrival.message();
        var topic = message.topic();
        var id = arrival.id();
        var entry = seen.add(id, true, now);
        for (var peer : arrival.bearers) {
            entry.broughtBy(peer);
            if (peer.equals(arrival.from())) {
                score.first(peer, topic);
            } else {
                score.delivered(peer, topic);
            }
        }
        var ours = joined.get(topic);
        if (ours == null) {
            return;
        }
        cache.put(id, message);
        outbox.add(new Action.Deliver(message));
        for (var peer : ours.members) {
            passOn(arrival, neighbours.get(peer));
        }
        for (var peer : explicit) {
            passOn(arrival, neighbours.get(peer));
        }
    }

    private void passOn(Arrival arrival, @Nullable Neighbour to) {
        if (to != null
                && to.topics.contains(arrival.message().topic())
                && !arrival.bearers.contains(to.id)
                && arrival.message().author().filter(to.id::equals).isEmpty()
                && to.wants(arrival.id())) {
            outbox.to(to.id).messages.add(arrival.message());
        }
    }

    private void decline(Neighbour from, List<ByteString> ids) {
        for (var id : ids) {
            if (from.declined == limits.dontWantsMax()) {
                return;
            }
            from.declined++;
            from.declines(id, tick + mesh.gossipWindows());
        }
    }

    // Gossip.

    private void takeHaves(Neighbour from, List<Rpc.Have> haves, long now) {
        if (haves.isEmpty() || ++from.haves > limits.havesPerHeartbeatMax()) {
            return;
        }
        var wanted = new LinkedHashSet<ByteString>();
        for (var have : haves) {
            if (joined.containsKey(have.topic())) {
                for (var id : have.ids()) {
                    if (!seen.contains(id) && !arrivals.containsKey(id)) {
                        wanted.add(id);
                    }
                }
            }
        }
        var ids = new ArrayList<>(wanted);
        Collections.shuffle(ids, random);
        int count = Math.min(ids.size(), limits.idsMax() - from.asked);
        if (count > 0) {
            from.asked += count;
            var asked = ids.subList(0, count);
            outbox.to(from.id).wants.addAll(asked);
            promises.watch(asked.get(random.nextInt(count)), from.id, now);
        }
    }

    private void takeWants(Neighbour from, List<ByteString> wants) {
        for (var id : new LinkedHashSet<>(wants)) {
            if (from.wants(id)) {
                cache.forPeer(id, from.id)
                        .ifPresent(message -> outbox.to(from.id).messages.add(message));
            }
        }
    }

    // The mesh.

    private void takeGraft(Neighbour from, String topic, long now) {
        var ours = joined.get(topic);
        if (ours == null || ours.members.contains(from.id)) {
            return; // An answer to every invented topic would be an amplifier.
        }
        boolean isEarly = backoffs(topic).holds(from.id, now, Duration.ZERO);
        if (isEarly) {
            var flood = mesh.graftFlood().minus(mesh.pruneBackoff());
            score.breached(from.id, backoffs(topic).holds(from.id, now, flood) ? 2 : 1);
        }
        boolean isBad = score.score(from.id) < 0;
        boolean isFull = ours.members.size() >= mesh.degreeHigh() && !from.isOutbound;
        if (isEarly || isBad || isFull || explicit.contains(from.id)) {
            boolean exchanges = exchangesPeers && !isEarly && !isBad;
            sendPrune(from.id, topic, mesh.pruneBackoff(), exchanges, now);
        } else {
            from.topics.add(topic);
            ours.members.add(from.id);
            score.grafted(from.id, topic, now);
        }
    }

    private void takePrune(Neighbour from, Rpc.Prune prune, long now) {
        var topic = prune.topic();
        var ours = joined.get(topic);
        if (ours == null) {
            return;
        }
        if (ours.members.remove(from.id)) {
            score.pruned(from.id, topic);
        }
        long seconds =
                prune.backoffSeconds() <= 0
                        ? mesh.pruneBackoff().toSeconds()
                        : Math.min(prune.backoffSeconds(), limits.backoffMax().toSeconds());
        backoffs(topic).extend(from.id, now, Duration.ofSeconds(seconds));
        if (!prune.others().isEmpty() && score.score(from.id) >= scores.exchangeThreshold()) {
            exchange(prune.others());
        }
    }

    private void exchange(List<Rpc.Exchanged> others) {
        var shuffled = new ArrayList<>(others);
        Collections.shuffle(shuffled, random);
        for (var other : shuffled) {
            if (exchangedCount == limits.exchangedPeersMax()) {
                return;
            }
            if (!other.peer().equals(self) && !neighbours.containsKey(other.peer())) {
                exchangedCount++;
                outbox.add(new Action.Connect(other.peer(), other.record()));
            }
        }
    }

    private void graft(Neighbour neighbour, String topic, Joined ours, long now) {
        ours.members.add(neighbour.id);
        score.grafted(neighbour.id, topic, now);
        outbox.to(neighbour.id).grafts.add(topic);
    }

    private void prune(PeerId peer, String topic, Joined ours, long now) {
        ours.members.remove(peer);
        score.pruned(peer, topic);
        sendPrune(peer, topic, mesh.pruneBackoff(), exchangesPeers && score.score(peer) >= 0, now);
    }

    private void sendPrune(
            PeerId peer, String topic, Duration backoff, boolean exchanges, long now) {
        backoffs(topic).extend(peer, now, backoff);
        var neighbour = neighbours.get(peer);
        if (neighbour != null) {
            boolean isModern = neighbour.dialect.hasBackoff();
            outbox.to(peer)
                    .prunes
                    .add(
                            new Rpc.Prune(
                                    topic,
                                    isModern && exchanges ? recommended(peer, topic) : List.of(),
                                    isModern ? backoff.toSeconds() : 0));
        }
    }

    private List<Rpc.Exchanged> recommended(PeerId to, String topic) {
        var candidates = new ArrayList<PeerId>();
        for (var neighbour : neighbours.values()) {
            if (neighbour.topics.contains(topic)
                    && !neighbour.id.equals(to)
                    && score.score(neighbour.id) >= 0) {
                candidates.add(neighbour.id);
            }
        }
        Collections.shuffle(candidates, random);
        var recommended = new ArrayList<Rpc.Exchanged>();
        for (var peer :
                candidates.subList(0, Math.min(limits.exchangedPeersMax(), candidates.size()))) {
            recommended.add(new Rpc.Exchanged(peer, peerRecords.apply(peer)));
        }
        return recommended;
    }

    private Backoffs backoffs(String topic) {
        return backoffs.computeIfAbsent(topic, any -> new Backoffs(limits.backoffsPerTopicMax()));
    }

    private List<Neighbour> eligible(String topic, Joined ours, long now) {
        var eligible = new ArrayList<Neighbour>();
        for (var neighbour : neighbours.values()) {
            if (isEligible(neighbour, topic, ours, now)) {
                eligible.add(neighbour);
            }
        }
        return eligible;
    }

    private boolean isEligible(Neighbour neighbour, String topic, Joined ours, long now) {
        return neighbour.topics.contains(topic)
                && !ours.members.contains(neighbour.id)
                && !explicit.contains(neighbour.id)
                && !backoffs(topic).holds(neighbour.id, now, mesh.heartbeat())
                && score.score(neighbour.id) >= 0;
    }

    // Upkeep.

    /** To be called once per {@link MeshConfig#heartbeat}. */
    public List<Action> heartbeat(long now) {
        tick++;
        exchangedCount = 0;
        promises.broken(now).forEach(score::breached);
        score.refresh(now);
        seen.expire(now);
        for (var neighbour : neighbours.values()) {
            neighbour.beat(tick);
        }
        backoffs.values().forEach(it -> it.expire(now, mesh.heartbeat()));
        backoffs.values().removeIf(Backoffs::isEmpty);
        if (tick % mesh.explicitTicks() == 1) {
            dialExplicit();
        }
        for (var entry : joined.entrySet()) {
            maintain(entry.getKey(), entry.getValue(), now);
            offer(entry.getKey(), entry.getValue().members);
        }
        fanouts.values().removeIf(it -> now - it.usedAt >= mesh.fanoutLifetime().toNanos());
        for (var entry : fanouts.entrySet()) {
            refill(entry.getKey(), entry.getValue());
            offer(entry.getKey(), entry.getValue().peers);
        }
        cache.shift();
        return outbox.drain();
    }

    private void dialExplicit() {
        for (var peer : explicit) {
            if (!neighbours.containsKey(peer)) {
                outbox.add(new Action.Connect(peer, ByteString.EMPTY));
            }
        }
    }

    private void maintain(String topic, Joined ours, long now) {
        var members = new ArrayList<Neighbour>();
        for (var peer : ours.members) {
            var neighbour = neighbours.get(peer);
            if (neighbour != null) {
                members.add(neighbour);
            }
        }
        var changes =
                upkeep.balance(
                        members, eligible(topic, ours, now), tick % mesh.opportunityTicks() == 0);
        for (var neighbour : changes.prunes()) {
            prune(neighbour.id, topic, ours, now);
        }
        for (var neighbour : changes.grafts()) {
            graft(neighbour, topic, ours, now);
        }
    }

    /** Tells some who are not in the mesh what they could ask for. */
    private void offer(String topic, Set<PeerId> except) {
        var ids = cache.recent(topic, limits.idsMax());
        if (ids.isEmpty()) {
            return;
        }
        var candidates = new ArrayList<PeerId>();
        for (var neighbour : neighbours.values()) {
            if (neighbour.topics.contains(topic)
                    && !except.contains(neighbour.id)
                    && !explicit.contains(neighbour.id)
                    && score.score(neighbour.id) >= scores.gossipThreshold()) {
                candidates.add(neighbour.id);
            }
        }
        Collections.shuffle(candidates, random);
        int count =
                Math.max(
                        mesh.degreeLazy(),
                        (int) Math.ceil(mesh.gossipFactor() * candidates.size()));
        var have = new Rpc.Have(topic, ids);
        for (var peer : candidates.subList(0, Math.min(count, candidates.size()))) {
            outbox.to(peer).haves.add(have);
        }
    }

    // What it looks like.

    /** Who is known to have joined {@code topic}. */
    public List<PeerId> peers(String topic) {
        var peers = new ArrayList<PeerId>();
        for (var neighbour : neighbours.values()) {
            if (neighbour.topics.contains(topic)) {
                peers.add(neighbour.id);
            }
        }
        return peers;
    }

    /** Who is in the mesh of {@code topic}; nobody when it is not joined. */
    public List<PeerId> mesh(String topic) {
        return Optional.ofNullable(joined.get(topic))
                .map(it -> List.copyOf(it.members))
                .orElse(List.of());
    }

    /** How each connected peer is judged. */
    public Map<PeerId, ScoreReport> scores() {
        var reports = new LinkedHashMap<PeerId, ScoreReport>();
        for (var peer : neighbours.keySet()) {
            reports.put(peer, score.report(peer));
        }
        return reports;
    }

    private ByteString idOf(GossipMessage message) {
        var ours = joined.get(message.topic());
        return (ours == null ? defaultId : ours.id).of(message);
    }

    /** A topic that we joined. */
    private static final class Joined {
        final MessageId id;
        final SequencedSet<PeerId> members = new LinkedHashSet<>();

        Joined(MessageId id) {
            this.id = id;
        }
    }

    /** A topic that we only publish on, and to whom. */
    private static final class Fanout {
        final SequencedSet<PeerId> peers = new LinkedHashSet<>();
        long usedAt;

        int rank(Neighbour neighbour) {
            return peers.contains(neighbour.id) ? 0 : 1;
        }
    }
}
