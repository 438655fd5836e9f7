package tensorlink.p2p.identify;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tensorlink.p2p.core.Connection;
import tensorlink.p2p.core.HostEvent;
import tensorlink.p2p.core.HostObserver;
import tensorlink.p2p.core.Limits;
import tensorlink.p2p.core.ProtocolId;
import tensorlink.p2p.core.ProtocolViolation;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.core.Stream;
import tensorlink.p2p.core.UnsupportedProtocolException;
import tensorlink.p2p.multiaddr.AddressProtocol;
import tensorlink.p2p.multiaddr.AddressRange;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.PeerRecord;
import tensorlink.p2p.peer.SealedPeerRecord;
import tensorlink.p2p.swarm.Swarm;

/**
 * Asks every new connection who it is, answers the same question, and tells connected peers when
 * our protocols or addresses change.
 */
public final class Identify implements HostObserver {
    public static final ProtocolId PROTOCOL = ProtocolId.of("/ipfs/id/1.0.0");
    public static final ProtocolId PUSH = ProtocolId.of("/ipfs/id/push/1.0.0");

    private static final Logger log = LoggerFactory.getLogger(Identify.class);
    private static final int PUSHES_AT_ONCE = 32;

    private final Swarm swarm;
    private final KeyPair key;
    private final Versions versions;
    private final Limits.Identify limits;
    private final Scheduler scheduler;
    private final ObservedAddresses observations;
    private final PushGate gate = new PushGate();
    private final Semaphore pushSlots = new Semaphore(PUSHES_AT_ONCE);
    private final AtomicBoolean pushIsDue = new AtomicBoolean();

    private final ReentrantLock recordLock = new ReentrantLock();
    private long sequence;
    private @Nullable SealedPeerRecord latest;

    public Identify(Swarm swarm, KeyPair key, Versions versions, Swarm.Parts parts) {
        this.swarm = swarm;
        this.key = key;
        this.versions = versions;
        this.limits = parts.limits().identify();
        this.scheduler = parts.scheduler();
        this.observations = new ObservedAddresses(limits);
    }

    /** Registers with the host. */
    public void start() {
        swarm.handle(PROTOCOL, this::answer);
        swarm.handle(PUSH, this::takePush);
        swarm.control().allowOnLimited(PROTOCOL);
        swarm.control().allowOnLimited(PUSH);
        var _ = swarm.control().observe(this);
    }

    // Asking.

    @Override
    public void connected(Connection connection) {
        gate.opened(connection, scheduler.nanoTime());
        var _ = scheduler.fork("p2p identify", () -> ask(connection));
    }

    private void ask(Connection connection) {
        try (var stream = connection.open(PROTOCOL)) {
            learn(connection, readAll(stream, limits, scheduler));
        } catch (UnsupportedProtocolException reticent) {
            log.debug("{} does not identify itself", connection);
        } catch (ProtocolViolation violation) {
            log.info("{} is not who it says: {}", connection, violation.getMessage());
        } catch (IOException failure) {
            log.debug("{} was not identified: {}", connection, failure.getMessage());
        } catch (InterruptedException closing) {
            Thread.currentThread().interrupt();
        }
    }

    private void takePush(Stream stream) throws IOException, InterruptedException {
        if (!gate.admit(stream.connection(), scheduler.nanoTime())) {
            throw new ProtocolViolation(PUSH + ": more often than once a second");
        }
        learn(stream.connection(), readAll(stream, limits, scheduler));
    }

    private void learn(Connection connection, List<ByteString> messages) throws ProtocolViolation {
        var peer = connection.remotePeer();
        var claims =
                new Claims(peer, viewer(connection), swarm.peers().identification(peer), limits);
        var learned = claims.judge(messages);
        swarm.peers().identified(peer, learned);
        learned.observedAddress().ifPresent(address -> observed(connection, address));
        swarm.publish(new HostEvent.Identified(peer));
    }

    /** Only addresses of a kind that we listen at can be reached; a relay's is not our own. */
    private void observed(Connection connection, Multiaddr address) {
        var from = connection.remoteAddress();
        var observer = from.host();
        boolean isRelayed = from.has(AddressProtocol.P2P_CIRCUIT);
        if (!isRelayed && observer.isPresent() && isOfOurKind(address)) {
            long now = scheduler.nanoTime();
            observations.observed(observer.get(), address, now);
            if (swarm.announce(observations.agreed(now))) {
                log.info("seen by others at {}", swarm.control().observedAddresses());
            }
        }
    }

    private boolean isOfOurKind(Multiaddr address) {
        for (var ours : swarm.addresses()) {
            if (kind(ours).equals(kind(address))) {
                return true;
            }
        }
        return false;
    }

    /** The protocols, without their values. */
    private static List<AddressProtocol> kind(Multiaddr address) {
        var kind = new ArrayList<AddressProtocol>();
        for (var part : address.parts()) {
            kind.add(part.protocol());
        }
        return kind;
    }

    /** From where the other side sees us; when only its name is known, that depends on us. */
    private AddressRange viewer(Connection connection) {
        var remote = connection.remoteAddress();
        if (remote.isLoopback()) {
            return AddressRange.LOOPBACK;
        }
        return remote.range().orElse(isPublic() ? AddressRange.PUBLIC : AddressRange.PRIVATE);
    }

    private boolean isPublic() {
        for (var address : swarm.addresses()) {
            boolean isOurs = !address.has(AddressProtocol.P2P_CIRCUIT);
            if (isOurs && address.range().filter(AddressRange.PUBLIC::equals).isPresent()) {
                return true;
            }
        }
        return false;
    }

    /** All messages until the remote ends its direction, within the limits of an exchange. */
    static List<ByteString> readAll(Stream stream, Limits.Identify limits, Scheduler scheduler)
            throws IOException, InterruptedException {
        var deadline = scheduler.after(limits.timeout(), stream::reset);
        try {
            var messages = new ArrayList<ByteString>();
            int left = limits.bytesMax();
            for (var next = stream.nextMessage(left);
                    next.isPresent();
                    next = stream.nextMessage(left)) {
                if (messages.size() == limits.messagesMax()) {
                    throw new ProtocolViolation(
                            stream.protocol() + ": more than " + messages.size() + " messages");
                }
                messages.add(next.get());
                left -= next.get().size();
            }
            return messages;
        } finally {
            deadline.cancel();
        }
    }

    @Override
    public void disconnected(Connection connection, IOException reason) {
        gate.closed(connection);
    }

    // Telling.

    private void answer(Stream stream) throws IOException, InterruptedException {
        stream.timeout(limits.timeout());
        for (var message : profileFor(stream.connection()).messages()) {
            stream.writeMessage(message);
        }
    }

    @Override
    public void changed() {
        if (!swarm.connections().isEmpty() && pushIsDue.compareAndSet(false, true)) {
            var _ = scheduler.after(limits.pushDelay(), this::pushToAll);
        }
    }

    private void pushToAll() {
        pushIsDue.set(false);
        for (var connection : swarm.connections()) {
            var _ = scheduler.fork("p2p push", () -> push(connection));
        }
    }

    private void push(Connection connection) {
        try {
            pushSlots.acquire();
            try (var stream = connection.open(PUSH)) {
                answer(stream);
            } catch (IOException failure) {
                log.debug("{} was not told of changes: {}", connection, failure.getMessage());
            } finally {
                pushSlots.release();
            }
        } catch (InterruptedException closing) {
            Thread.currentThread().interrupt();
        }
    }

    private Profile profileFor(Connection connection) {
        var viewer = viewer(connection);
        var addresses = new ArrayList<Multiaddr>();
        for (var address : swarm.info().addresses()) {
            boolean isOfUse =
                    address.range()
                            .map(range -> range.isOfUseTo(viewer))
                            .orElse(viewer == AddressRange.LOOPBACK || !address.isLoopback());
            if (isOfUse && addresses.size() < limits.addressesMax()) {
                addresses.add(address);
            }
        }
        return new Profile(
                key.publicKey(),
                versions.protocol(),
                versions.agent(),
                swarm.protocols(),
                addresses,
                connection.remoteAddress(),
                record(addresses));
    }

    /**
     * Sealed anew when the addresses are others than last time: a signature is a good part of what
     * a connection costs. The sequence grows even over restarts, because it starts at the time.
     */
    private ByteString record(List<Multiaddr> addresses) {
        recordLock.lock();
        try {
            if (latest == null || !latest.content().addresses().equals(addresses)) {
                var now = scheduler.now();
                sequence =
                        Math.max(
                                sequence + 1,
                                now.getEpochSecond() * 1000 + now.getNano() / 1_000_000);
                var record = new PeerRecord(swarm.id(), sequence, addresses);
                latest = SealedPeerRecord.seal(record, key);
            }
            return latest.envelope();
        } finally {
            recordLock.unlock();
        }
    }

    /**
     * What a host calls itself.
     *
     * @param protocol the family of networks
     * @param agent the program and its version
     */
    public record Versions(String protocol, String agent) {}
}
