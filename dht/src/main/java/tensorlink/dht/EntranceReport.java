package tensorlink.dht;

import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.peer.PeerInfo;

/**
 * How the ways into the network stand: whom each source names, who of them answers, why the others
 * do not and when they are tried again.
 *
 * @param split that the network seems to be two networks now
 */
public record EntranceReport(
        List<Source> sources, List<Entrance> entrances, Optional<Split> split) {
    /** The source of those whom this node knew best when it last knew anybody. */
    public static final String LAST_GOOD_PEERS = "last good peers";

    public EntranceReport {
        sources = List.copyOf(sources);
        entrances = List.copyOf(entrances);
    }

    /**
     * A {@link PeerSource}.
     *
     * @param peers how many it named
     * @param problem why it could not be asked the last time
     */
    public record Source(String name, int peers, Optional<String> problem) {}

    /**
     * A peer that may let us in.
     *
     * @param sources that name it
     * @param isKnown whether it is in the routing table
     * @param answered when it last answered a knock
     * @param failure why it did not the last time; empty when it did, was never asked or is known
     */
    public record Entrance(
            PeerInfo peer,
            List<String> sources,
            boolean isKnown,
            Optional<Instant> answered,
            Optional<Failure> failure) {
        public Entrance {
            sources = List.copyOf(sources);
        }
    }

    /**
     * Why a peer did not answer.
     *
     * @param times how often in a row
     * @param again when it is tried again at the latest
     */
    public record Failure(IOException cause, Instant at, int times, Instant again) {}

    /**
     * Two peers that lead to different networks of the same name.
     *
     * @param since when it was noticed
     */
    public record Split(PeerId one, PeerId other, Instant since) {}

    /** Those that did not answer the last time. */
    public List<Entrance> failed() {
        return entrances.stream().filter(entrance -> entrance.failure().isPresent()).toList();
    }
}
