package tensorlink.node;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tensorlink.ledger.AccountKey;
import tensorlink.p2p.peer.KeyFile;
import tensorlink.p2p.peer.KeyPair;

/**
 * A node's two keys: the peer's, which names it on the network, and the account's, which holds
 * money.
 */
record Identity(KeyPair key, AccountKey account) {

    private static final Logger log = LoggerFactory.getLogger(Identity.class);

    /** Whether {@code home} has both keys already. */
    static boolean isIn(Home home) {
        return Files.exists(peerKey(home)) && AccountFile.isIn(home.identity());
    }

    /**
     * Reads the keys in {@code home}, making new ones when there are none. Who may make some holds
     * the home's lock: two makers would leave a key under the other's password.
     */
    static Identity open(Home home) throws IOException {
        if (!Files.exists(peerKey(home)) && AccountFile.isIn(home.identity())) {
            log.warn(
                    "{} is missing: account and jobs stay, but this node gets a new peer id",
                    peerKey(home));
        }
        return new Identity(
                KeyFile.loadOrCreate(peerKey(home)), AccountFile.loadOrCreate(home.identity()));
    }

    /** Where the peer's key lies. */
    static Path peerKey(Home home) {
        return home.identity().resolve("peer.key");
    }
}
