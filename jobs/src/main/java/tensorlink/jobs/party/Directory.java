package tensorlink.jobs.party;

import java.io.IOException;
import java.util.List;
import tensorlink.p2p.peer.PeerInfo;

/** Finds nodes by their role in this network. Safe for use by any thread. */
public interface Directory {

    /** What a node can be looked up for. */
    enum Role {
        WORKER,
        VALIDATOR
    }

    /**
     * Finds nodes of {@code role}, ourselves excluded.
     *
     * @param count how many are enough
     * @throws IOException when the network cannot be asked
     */
    List<PeerInfo> find(Role role, int count) throws IOException, InterruptedException;
}
