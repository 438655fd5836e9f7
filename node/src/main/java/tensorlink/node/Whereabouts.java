package tensorlink.node;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.security.SignatureException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tensorlink.ledger.FullLedger;
import tensorlink.ledger.Outcome;
import tensorlink.p2p.core.Host;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.PeerRecord;

/**
 * Keeps it on the ledger where a validator's node is, so that strangers find the network by its
 * contract alone. A record costs gas, so one is written only when the node's addresses are others
 * than those on the ledger, and only while its account has a validator's collateral there.
 */
final class Whereabouts implements AutoCloseable {
    /** Between two looks whether the record still holds. */
    private static final Duration PAUSE = Duration.ofSeconds(15);

    /** So that a record is within what the ledger takes. */
    private static final int ADDRESSES_MAX = 16;

    private static final Logger log = LoggerFactory.getLogger(Whereabouts.class);

    private final FullLedger ledger;
    private final Host host;
    private final Identity identity;
    private final Scheduler scheduler;
    private @Nullable Thread keeping;

    Whereabouts(FullLedger ledger, Host host, Identity identity, Scheduler scheduler) {
        this.ledger = ledger;
        this.host = host;
        this.identity = identity;
        this.scheduler = scheduler;
    }

    void start() {
        keeping = scheduler.fork("whereabouts", this::keep);
    }

    private void keep() {
        try {
            while (true) {
                try {
                    announceIfMoved();
                } catch (IOException unreachable) {
                    log.info("where this node is cannot be kept: {}", unreachable.getMessage());
                }
                scheduler.sleep(PAUSE);
            }
        } catch (InterruptedException closing) {
            Thread.currentThread().interrupt();
        }
    }

    private void announceIfMoved() throws IOException, InterruptedException {
        var account = identity.account();
        var registration = ledger.registration(account.account());
        var addresses = addresses();
        if (!registration.validates()
                || addresses.isEmpty()
                || isAt(addresses, registration.peerRecord())) {
            return;
        }
        long serial = Math.max(scheduler.now().toEpochMilli(), registration.serial() + 1);
        var sealed =
                new PeerRecord(identity.key().peerId(), serial, addresses)
                        .seal(identity.key())
                        .encode();
        var announced = new tensorlink.ledger.PeerRecord(account.account(), sealed, serial);
        switch (ledger.announce(account.sign(ledger.info().domain(), announced))) {
            case Outcome.Rejected(var code, var why) ->
                    log.warn("the ledger takes no record of this node: {}, {}", code, why);
            case Outcome.Recorded(), Outcome.NoChange(), Outcome.Paid(_) ->
                    log.info("the ledger says where this node is: {}", addresses);
        }
    }

    private List<Multiaddr> addresses() {
        var all = host.info().addresses();
        return new ArrayList<>(all.subList(0, Math.min(all.size(), ADDRESSES_MAX)));
    }

    private boolean isAt(List<Multiaddr> addresses, ByteString record) {
        try {
            var known = PeerRecord.open(record);
            return known.peer().equals(identity.key().peerId())
                    && new HashSet<>(known.addresses()).equals(new HashSet<>(addresses));
        } catch (SignatureException none) {
            return false;
        }
    }

    @Override
    public void close() {
        if (keeping != null) {
            keeping.interrupt();
        }
    }
}
