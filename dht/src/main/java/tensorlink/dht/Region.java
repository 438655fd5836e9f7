package tensorlink.dht;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;

/**
 * The part of the key space around a key that is so large that {@code k} to {@code 2k} servers lie
 * in it, all of which hold what is stored under the key.
 *
 * <p>Anybody can make keys until a crowd of peers lies closer to a key than all honest ones; such a
 * crowd answers a lookup with nothing, with inventions, or with itself, and everything kept at the
 * {@code k} closest alone is gone. What it cannot do is move the honest peers out of the region. So
 * we store in all of the region and search all of it, always and without trying to detect an
 * attack, as proposed by de Moura Netto, Cholez and Ignat, "Active Sybil Attack and Efficient
 * Defense Strategy in IPFS DHT" (arXiv 2505.01139, 2025), and before them, after detection, by
 * Sridhar et al., "Content Censorship in the InterPlanetary File System" (arXiv 2307.12212, 2023).
 *
 * <p>The peers of the region are found by lookups of landmarks, random keys that share exactly one,
 * two or three bits more with the key than its edge does. Each lies in a half of what is left of
 * the region, away from the key, so a crowd close to the key is not close to a landmark.
 *
 * @param prefix how many leading bits everything in the region has in common with the key
 */
record Region(Key key, int prefix) {
    /** A landmark is found by trial, which must not take long. */
    private static final int PREFIX_MAX = 15;

    /**
     * The region around {@code key}.
     *
     * @param servers how many the network is thought to have
     * @return empty when the network is so small that the {@code k} closest are most of it
     */
    static Optional<Region> around(Key key, double servers, int k) {
        if (servers < 2.0 * k) {
            return Optional.empty();
        }
        int prefix = Math.getExponent(servers / k);
        return Optional.of(new Region(key, Math.min(prefix, PREFIX_MAX)));
    }

    boolean contains(Key peer) {
        return key.commonPrefix(peer) >= prefix;
    }

    /** Random keys of the region, each in another part of it. */
    List<Key> landmarks(int count, RandomGenerator random) {
        var landmarks = new ArrayList<Key>();
        for (int i = 0; i < count; i++) {
            landmarks.add(key.random(prefix + i, random));
        }
        return landmarks;
    }
}
