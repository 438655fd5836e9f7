package tensorlink.p2p.peer;

import java.io.IOException;
import java.nio.file.Path;
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

    /**
     * Where {@code peer} may be found: what is pinned, then what the peer signed, then the rest,
     * last learned first; empty when nothing is known.
     */
    List<Multiaddr> addresses(PeerId peer);

    /** {@code peer} with its {@link #addresses}. */
    default PeerInfo info(PeerId peer) {
        return new PeerInfo(peer, addresses(peer));
    }

    /** Remembers hints for a limited time; an address already known is known anew. */
    void add(PeerInfo hints);

    /** {@code peer} is connected: what is known of it neither expires nor makes room for others. */
    void connected(PeerId peer);

    /** {@code peer} was connected until now, so what is known of it is worth keeping for longer. */
    void disconnected(PeerId peer);

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
     * Writes the addresses of peers to a file, which appears complete or not at all. What is pinned
     * and what peers said about themselves is not in it.
     */
    void save(Path file) throws IOException;

    /**
     * Adds what {@link #save} wrote and has not expired since; nothing when there is no such file.
     * The file is believed no more than a stranger: it cannot make this store exceed its bounds.
     *
     * @return how many peers were read
     * @throws IOException when the file is damaged; then nothing is added
     */
    int load(Path file) throws IOException;

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
     * @param hintLifetime for how long an address is kept that somebody mentioned
     * @param provenLifetime for how long the addresses of a peer are kept that was connected
     */
    record Bounds(int peersMax, int addressesMax, Duration hintLifetime, Duration provenLifetime) {
        public Bounds {
            if (peersMax < 1
                    || addressesMax < 1
                    || !hintLifetime.isPositive()
                    || !provenLifetime.isPositive()) {
                throw new IllegalArgumentException("bounds must be positive");
            }
        }

        public static Bounds defaults() {
            return new Bounds(10_000, 32, Duration.ofHours(1), Duration.ofHours(24));
        }
    }
}
