package tensorlink.testnet.sim.gossip;

import java.time.Duration;
import java.util.Optional;

/** How much of the meshes of honest nodes is hostile, as seen at every heartbeat. */
final class MeshWatch {
    private static final long LATER = Duration.ofSeconds(60).toNanos();
    private static final long NEVER = -1;

    private final long begins;
    private final int[] hostile;
    private final int[] places;
    private long hostileNow;
    private long placesNow;
    private double peak;
    private double laterSum;
    private long laterCount;
    private long firstClean = NEVER;
    private long lastHostile = NEVER;

    /**
     * @param begins when the attack begins; what is before does not count
     */
    MeshWatch(int honest, long begins) {
        this.begins = begins;
        this.hostile = new int[honest];
        this.places = new int[honest];
    }

    /** The mesh of one honest node has so many places, so many of them hostile. */
    void saw(int node, int members, int sybils, long now) {
        placesNow += members - places[node];
        hostileNow += sybils - hostile[node];
        places[node] = members;
        hostile[node] = sybils;
        if (now < begins) {
            return;
        }
        if (hostileNow > 0) {
            lastHostile = now;
            peak = Math.max(peak, share());
        } else if (lastHostile != NEVER && firstClean == NEVER) {
            firstClean = now;
        }
        if (now >= begins + LATER) {
            laterSum += share();
            laterCount++;
        }
    }

    private double share() {
        return placesNow == 0 ? 0 : (double) hostileNow / placesNow;
    }

    GossipReport.Intrusion report() {
        boolean isCleanAtLast = lastHostile != NEVER && hostileNow == 0;
        return new GossipReport.Intrusion(
                peak,
                laterCount == 0 ? share() : laterSum / laterCount,
                share(),
                since(firstClean),
                isCleanAtLast ? since(lastHostile) : Optional.empty());
    }

    private Optional<Duration> since(long moment) {
        return moment == NEVER ? Optional.empty() : Optional.of(Duration.ofNanos(moment - begins));
    }
}
