package tensorlink.node;

import java.io.IOException;
import tensorlink.ledger.AccountKey;
import tensorlink.p2p.peer.KeyFile;
import tensorlink.p2p.peer.KeyPair;

/**
 * A node's two keys: the peer's, which names it on the network, and the account's, which holds
 * money.
 */
record Identity(KeyPair key, AccountKey account) {

    /** Reads the keys in {@code home}, making new ones when there are none. */
    static Identity open(Home home) throws IOException {
        var folder = home.identity();
        return new Identity(
                KeyFile.loadOrCreate(folder.resolve("peer.key")), AccountFile.loadOrCreate(folder));
    }
}
