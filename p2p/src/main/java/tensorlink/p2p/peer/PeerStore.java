package tensorlink.p2p.peer;

import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import tensorlink.p2p.multiaddr.Multiaddr;

/**
 * What a host knows about other peers. Addresses are hints until a dial proves them. Safe for use
 * by any thread.
 */
public interface PeerStore {

    /** Where {@code peer} may be found, last learned first; empty when nothing is known. */
    List<Multiaddr> addresses(PeerId peer);

    /** {@code peer} with its {@link #addresses}. */
    default PeerInfo info(PeerId peer) {
        return new PeerInfo(peer, addresses(peer));
    }

    /** Remembers hints for a limited time; an address already known is known anew. */
    void add(PeerInfo hints);

    /** Remembers what the operator configured: it neither expires nor makes room for others. */
    void pin(PeerInfo configured);

    /** What {@code peer} last said about itself; empty when it has not, or long ago. */
    Optional<Identification> identification(PeerId peer);

    /** Replaces what {@code peer} said about itself, and adds its addresses. */
    void identified(PeerId peer, Identification identification);

    /** Whether {@code peer} said that it serves {@code protocol}. */
    default boolean serves(PeerId peer, String protocol) {
        return identification(peer).map(it -> it.protocols().contains(protocol)).orElse(false);
    }

    /** Everybody about whom something is known. */
    List<PeerId> peers();

    /** Forgets {@code peer}, pinned or not. */
    void remove(PeerId peer);

    /**
     * A store in memory. Strangers can fill it, so it forgets: peers beyond {@code bounds.peersMax}
     * push out the one touched least recently, addresses beyond {@code bounds.addressesMax} the
     * peer's oldest.
     */
    static PeerStore inMemory(Bounds bounds, InstantSource clock) {
        return new InMemoryPeerStore(bounds, clock);
    }

    /**
     * How much a store keeps.
     *
     * @param peersMax peers, without the pinned ones
     * @param addressesMax addresses of one peer, without the pinned ones
     * @param addressLifetime for how long a hint is kept
     */
    record Bounds(int peersMax, int addressesMax, Duration addressLifetime) {
        public Bounds {
            if (peersMax < 1 || addressesMax < 1 || !addressLifetime.isPositive()) {
                throw new IllegalArgumentException("bounds must be positive");
            }
        }

        public static Bounds defaults() {
            return new Bounds(10_000, 32, Duration.ofHours(1));
        }
    }
}
