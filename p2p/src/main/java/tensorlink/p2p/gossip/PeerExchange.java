package tensorlink.p2p.gossip;

import com.google.protobuf.ByteString;
import java.security.SignatureException;
import java.util.concurrent.Semaphore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tensorlink.p2p.core.DialException;
import tensorlink.p2p.core.Host;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.peer.Identification;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.peer.PeerInfo;
import tensorlink.p2p.peer.PeerRecord;
import tensorlink.p2p.peer.SealedPeerRecord;

/**
 * Connects to peers that others recommend, and recommends those who told us where they are. A
 * record counts only when the peer that it is about signed it.
 */
final class PeerExchange {
    private static final Logger log = LoggerFactory.getLogger(PeerExchange.class);
    private static final int DIALS_MAX = 8;

    private final Host host;
    private final Scheduler scheduler;
    private final Semaphore dials = new Semaphore(DIALS_MAX);

    PeerExchange(Host host, Scheduler scheduler) {
        this.host = host;
        this.scheduler = scheduler;
    }

    /** What {@code peer} signed about itself; empty when we have nothing of the kind. */
    ByteString record(PeerId peer) {
        return host.peers()
                .identification(peer)
                .flatMap(Identification::record)
                .map(SealedPeerRecord::envelope)
                .orElse(ByteString.EMPTY);
    }

    /** Tries to connect to {@code peer}, unless too many others are being tried; does not block. */
    void connect(PeerId peer, ByteString record) {
        if (dials.tryAcquire()) {
            var _ =
                    scheduler.fork(
                            "gossip exchange",
                            () -> {
                                try {
                                    dial(peer, record);
                                } finally {
                                    dials.release();
                                }
                            });
        }
    }

    private void dial(PeerId peer, ByteString record) {
        try {
            if (!record.isEmpty()) {
                learn(peer, record);
            }
            var known = host.peers().info(peer);
            if (!known.addresses().isEmpty()) {
                host.connect(known);
            }
        } catch (SignatureException forged) {
            log.debug("a recommendation of {} is no good: {}", peer, forged.getMessage());
        } catch (DialException unreachable) {
            log.debug("a recommended peer is out of reach: {}", unreachable.getMessage());
        } catch (InterruptedException closing) {
            Thread.currentThread().interrupt();
        }
    }

    private void learn(PeerId peer, ByteString sealed) throws SignatureException {
        var record = PeerRecord.open(sealed);
        if (!record.peer().equals(peer)) {
            throw new SignatureException("the record is about " + record.peer());
        }
        host.peers().add(new PeerInfo(peer, record.addresses()));
    }
}
