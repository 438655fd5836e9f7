package tensorlink.node;

import java.io.IOException;
import java.security.SecureRandom;
import java.security.SignatureException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tensorlink.dht.PeerSource;
import tensorlink.ledger.evm.EvmConfig;
import tensorlink.ledger.evm.EvmLedger;
import tensorlink.p2p.peer.PeerInfo;
import tensorlink.p2p.peer.PeerRecord;

/** The validators that say on the network's contract where their nodes are. */
record LedgerPeers(EvmConfig contract) implements PeerSource {
    private static final Logger log = LoggerFactory.getLogger(LedgerPeers.class);

    @Override
    public String name() {
        return "ledger";
    }

    /** Shuffled, since only the first few count and whoever staked early should not be all. */
    @Override
    public List<PeerInfo> peers() throws IOException, InterruptedException {
        var peers = new ArrayList<PeerInfo>();
        for (var sealed : EvmLedger.peerRecords(contract)) {
            try {
                var record = PeerRecord.open(sealed);
                peers.add(new PeerInfo(record.peer(), record.addresses()));
            } catch (SignatureException forged) {
                // The contract does not look inside, and a validator can write anything.
                log.debug("a validator announced no peer record", forged);
            }
        }
        Collections.shuffle(peers, new SecureRandom());
        return peers;
    }
}
