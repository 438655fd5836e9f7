package tensorlink.p2p.autonat;

import java.io.IOException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tensorlink.p2p.autonat.SecondMessage.DialStatus;
import tensorlink.p2p.autonat.SecondMessage.Status;
import tensorlink.p2p.core.Connection;
import tensorlink.p2p.core.DialException;
import tensorlink.p2p.core.ProtocolViolation;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.core.Stream;
import tensorlink.p2p.multiaddr.AddressProtocol;
import tensorlink.p2p.multiaddr.AddressRange;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.swarm.Swarm;

/**
 * Dials who asks for it, to tell whether it worked. What a stranger could make of that is bounded:
 * so many dials; names are not resolved; an address in a private range only when the asker is seen
 * at it; any other address than where it is seen only after it sent more than a dial costs. Who
 * comes over a relay is refused.
 */
final class NatServer {
    private static final Logger log = LoggerFactory.getLogger(NatServer.class);
    private static final int DATA_BYTES_MIN = 30_000;
    private static final int DATA_BYTES_MORE = 70_001;

    /** Data comes in pieces that are worth the effort. */
    private static final int PIECE_BYTES_MIN = 100;

    private static final int FIRST_DIALS_MAX = 4;

    private final Swarm swarm;
    private final AutoNatLimits limits;
    private final Scheduler scheduler;
    private final RandomGenerator random;

    private final ReentrantLock lock = new ReentrantLock();
    private final DialBackBook book;

    NatServer(Swarm swarm, AutoNatLimits limits, Scheduler scheduler, RandomGenerator random) {
        this.swarm = swarm;
        this.limits = limits;
        this.scheduler = scheduler;
        this.random = random;
        this.book = new DialBackBook(limits);
    }

    private boolean begin(PeerId peer) {
        lock.lock();
        try {
            return book.begin(peer, scheduler.nanoTime());
        } finally {
            lock.unlock();
        }
    }

    private void ended() {
        lock.lock();
        try {
            book.ended();
        } finally {
            lock.unlock();
        }
    }

    // Version 2.

    void serveSecond(Stream stream) throws IOException, InterruptedException {
        var deadline = scheduler.after(limits.streamTimeout().multipliedBy(2), stream::reset);
        stream.timeout(limits.streamTimeout());
        try {
            var bytes = stream.readMessage(NatCodec.SECOND_BYTES_MAX);
            switch (NatCodec.decodeSecond(bytes, limits.addressesMax())) {
                case SecondMessage.Request request -> {
                    var response = answer(stream, request);
                    stream.writeMessage(NatCodec.encode(response));
                }
                case SecondMessage.Response _, SecondMessage.DataRequest _, SecondMessage.Data _ ->
                        throw new ProtocolViolation(
                                "autonat 2: something else where a request belongs");
            }
        } finally {
            deadline.cancel();
        }
    }

    private SecondMessage.Response answer(Stream stream, SecondMessage.Request request)
            throws IOException, InterruptedException {
        var asker = stream.connection();
        if (isRelayed(asker)) {
            return refused(Status.REQUEST_REJECTED);
        }
        int index = firstDialable(request.addresses(), asker);
        if (index < 0) {
            return refused(Status.DIAL_REFUSED);
        }
        if (!begin(asker.remotePeer())) {
            return refused(Status.REQUEST_REJECTED);
        }
        try {
            var address = request.addresses().get(index).orElseThrow();
            if (!isWhereSeen(address, asker)) {
                takeData(stream, index);
            }
            return new SecondMessage.Response(
                    Status.OK, index, dialBack(asker.remotePeer(), address, request.nonce()));
        } finally {
            ended();
        }
    }

    private static SecondMessage.Response refused(Status status) {
        return new SecondMessage.Response(status, 0, DialStatus.UNUSED);
    }

    private int firstDialable(List<Optional<Multiaddr>> addresses, Connection asker) {
        for (int i = 0; i < addresses.size(); i++) {
            var address = addresses.get(i);
            if (address.isPresent() && isDialable(address.get(), asker)) {
                return i;
            }
        }
        return -1;
    }

    private boolean isDialable(Multiaddr address, Connection asker) {
        boolean isFair =
                address.range().filter(AddressRange.PUBLIC::equals).isPresent()
                        || isWhereSeen(address, asker);
        return isFair
                && !address.has(AddressProtocol.P2P_CIRCUIT)
                && address.withoutPeer().filter(swarm::canDial).isPresent();
    }

    private static boolean isWhereSeen(Multiaddr address, Connection asker) {
        return seen(asker).isPresent() && seen(asker).equals(address.host());
    }

    private static Optional<InetAddress> seen(Connection asker) {
        return asker.remoteAddress().host();
    }

    private static boolean isRelayed(Connection connection) {
        return connection.remoteAddress().has(AddressProtocol.P2P_CIRCUIT);
    }

    private void takeData(Stream stream, int index) throws IOException, InterruptedException {
        int wanted = DATA_BYTES_MIN + random.nextInt(DATA_BYTES_MORE);
        stream.writeMessage(NatCodec.encode(new SecondMessage.DataRequest(index, wanted)));
        for (int left = wanted; left > 0; ) {
            var bytes = stream.readMessage(NatCodec.SECOND_BYTES_MAX);
            if (!(NatCodec.decodeSecond(bytes, 0) instanceof SecondMessage.Data(int count))) {
                throw new ProtocolViolation("autonat 2: something else where data belongs");
            }
            if (count < Math.min(left, PIECE_BYTES_MIN)) {
                throw new ProtocolViolation("autonat 2: data in pieces of " + count + " bytes");
            }
            left -= count;
        }
    }

    private DialStatus dialBack(PeerId peer, Multiaddr address, long nonce)
            throws InterruptedException {
        Connection connection;
        try {
            connection = swarm.dialAt(peer, address);
        } catch (DialException unreachable) {
            log.debug("dial for {}: {}", peer.shortText(), unreachable.getMessage());
            return DialStatus.DIAL_ERROR;
        }
        try (connection;
                var stream = connection.open(AutoNat.DIAL_BACK)) {
            stream.timeout(limits.dialTimeout());
            stream.writeMessage(NatCodec.dialBack(nonce));
            var _ = stream.readMessage(NatCodec.DIAL_BACK_BYTES_MAX);
            return DialStatus.OK;
        } catch (IOException failure) {
            log.debug("dial-back to {}: {}", peer.shortText(), failure.getMessage());
            return DialStatus.DIAL_BACK_ERROR;
        }
    }

    // Version 1.

    void serveFirst(Stream stream) throws IOException, InterruptedException {
        stream.timeout(limits.streamTimeout());
        var bytes = stream.readMessage(NatCodec.MESSAGE_BYTES_MAX);
        switch (NatCodec.decodeFirst(bytes, limits.addressesMax())) {
            case FirstMessage.Dial(var peer, var addresses) ->
                    stream.writeMessage(
                            NatCodec.encode(dial(stream.connection(), peer, addresses)));
            case FirstMessage.Response _ ->
                    throw new ProtocolViolation("autonat 1: a response where a request belongs");
        }
    }

    private FirstMessage.Response dial(Connection asker, PeerId peer, List<Multiaddr> addresses)
            throws InterruptedException {
        if (!peer.equals(asker.remotePeer())) {
            return response(FirstMessage.Status.BAD_REQUEST);
        }
        var own = new ArrayList<Multiaddr>();
        for (var address : addresses) {
            if (isWhereSeen(address, asker)
                    && isDialable(address, asker)
                    && own.size() < FIRST_DIALS_MAX) {
                own.add(address);
            }
        }
        if (isRelayed(asker) || own.isEmpty() || !begin(peer)) {
            return response(FirstMessage.Status.DIAL_REFUSED);
        }
        try {
            for (var address : own) {
                try (var _ = swarm.dialAt(peer, address)) {
                    return new FirstMessage.Response(FirstMessage.Status.OK, Optional.of(address));
                } catch (DialException unreachable) {
                    log.debug("dial for {}: {}", peer.shortText(), unreachable.getMessage());
                }
            }
            return response(FirstMessage.Status.DIAL_ERROR);
        } finally {
            ended();
        }
    }

    private static FirstMessage.Response response(FirstMessage.Status status) {
        return new FirstMessage.Response(status, Optional.empty());
    }
}
