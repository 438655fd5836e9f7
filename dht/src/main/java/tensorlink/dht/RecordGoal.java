package tensorlink.dht;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.peer.PeerInfo;

/** Finds the best of the records that peers hold under one key, and who does not hold it. */
final class RecordGoal implements LookupRun.Goal {
    private static final Logger log = LoggerFactory.getLogger(RecordGoal.class);

    private final Holdings holdings;
    private final Map<PeerId, DhtRecord> held = new HashMap<>();
    private Optional<DhtRecord> best = Optional.empty();

    RecordGoal(Holdings holdings) {
        this.holdings = holdings;
    }

    @Override
    public void answered(PeerInfo peer, KadResponse answer) {
        answer.record().ifPresent(record -> offer(peer.id(), record.record()));
    }

    /** Takes the record that {@code holder} holds; a bad one counts as none. */
    void offer(PeerId holder, DhtRecord record) {
        try {
            switch (holdings.check(record)) {
                case RecordValidator.Verdict.Valid _ -> {
                    held.put(holder, record);
                    if (best.isEmpty() || isBetter(record, best.get())) {
                        best = Optional.of(record);
                    }
                }
                case RecordValidator.Verdict.Invalid(var reason) ->
                        log.debug("{} holds a bad record: {}", holder.shortText(), reason);
            }
        } catch (RecordRefusedException unknown) {
            throw new IllegalStateException("asked for an unknown namespace", unknown);
        }
    }

    /** Whether somebody holds a better one than {@code record}. */
    boolean knowsBetter(DhtRecord record) throws RecordRefusedException {
        return best.isPresent() && isBetter(best.get(), record);
    }

    private boolean isBetter(DhtRecord left, DhtRecord right) throws RecordRefusedException {
        return holdings.validator(left.key()).compare(left, right) > 0;
    }

    Optional<DhtRecord> best() {
        return best;
    }

    /** Those of {@code peers} that hold another record than the best, or none. */
    List<PeerInfo> behind(List<PeerInfo> peers) {
        var behind = new ArrayList<PeerInfo>();
        for (var peer : peers) {
            if (!Optional.ofNullable(held.get(peer.id())).equals(best)) {
                behind.add(peer);
            }
        }
        return behind;
    }
}
