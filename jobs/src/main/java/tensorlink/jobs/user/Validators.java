package tensorlink.jobs.user;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import tensorlink.jobs.party.Directory;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.peer.PeerInfo;

/**
 * The network's validators, as a user knows them. The one that answered last is asked first: to
 * look others up takes long just when it must not, when somebody of the network is silent. Safe for
 * use by any thread.
 */
public final class Validators {
    private static final int ASKED_MAX = 4;

    private final Directory directory;
    private final AtomicReference<@Nullable PeerInfo> familiar = new AtomicReference<>();

    public Validators(Directory directory) {
        this.directory = directory;
    }

    /** The one that answered last. */
    Optional<PeerInfo> familiar() {
        return Optional.ofNullable(familiar.get());
    }

    /** Looks validators up, {@code known} excluded. */
    List<PeerInfo> others(@Nullable PeerId known) throws IOException, InterruptedException {
        return directory.find(Directory.Role.VALIDATOR, ASKED_MAX).stream()
                .filter(it -> !it.id().equals(known))
                .toList();
    }

    /** Looks validators up. */
    public List<PeerInfo> all() throws IOException, InterruptedException {
        return others(null);
    }

    void answered(PeerInfo validator) {
        familiar.set(validator);
    }

    /** It is not asked first any more. */
    void silent(PeerInfo validator) {
        familiar.compareAndSet(validator, null);
    }
}
