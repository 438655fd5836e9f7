package tensorlink.p2p.relay;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.EventLoopGroup;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import tensorlink.p2p.core.ProtocolViolation;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.core.Stream;
import tensorlink.p2p.multiaddr.AddressProtocol;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.swarm.Swarm;
import tensorlink.p2p.transport.Transport;

/**
 * Connections through relays, at {@code <relay>/p2p-circuit} addresses. Listening at one keeps a
 * place at that relay; who calls through a relay at which we have none is refused.
 */
public final class CircuitTransport implements Transport {
    private final Swarm swarm;
    private final EventLoopGroup loops;
    private final Duration timeout;
    private final Scheduler scheduler;
    private final RelayClient client;
    private final List<RelayListener> listeners = new CopyOnWriteArrayList<>();
    private final AtomicBoolean isCallable = new AtomicBoolean();

    /**
     * @param loops that the channels use and do not close
     * @param timeout for each answer of a relay
     */
    public CircuitTransport(
            Swarm swarm, EventLoopGroup loops, Duration timeout, Scheduler scheduler) {
        this.swarm = swarm;
        this.loops = loops;
        this.timeout = timeout;
        this.scheduler = scheduler;
        this.client = new RelayClient(swarm.id(), timeout);
    }

    @Override
    public boolean handles(Multiaddr address) {
        return address.has(AddressProtocol.P2P_CIRCUIT)
                && RelayedAddress.parse(address).isPresent();
    }

    private static RelayedAddress parse(Multiaddr address) throws IOException {
        return RelayedAddress.parse(address)
                .orElseThrow(() -> new IOException(address + " leads through no relay"));
    }

    /** Blocks until the relay has opened the circuit. */
    @Override
    public ChannelFuture dial(Multiaddr address, ChannelHandler pipeline) throws IOException {
        var to = parse(address);
        var target = to.target().orElseThrow(() -> new IOException(address + " names nobody"));
        if (to.relay().id().equals(swarm.id()) || to.relay().id().equals(target)) {
            throw new IOException(address + " leads through one of its ends");
        }
        try {
            var relay = swarm.connectDirectly(to.relay());
            var opened = client.connect(relay, target);
            return register(
                    new CircuitChannel(
                            opened.stream(),
                            RelayedAddress.through(relay.remoteAddress(), relay.remotePeer()),
                            !opened.limit().isNone(),
                            scheduler),
                    opened.stream(),
                    pipeline);
        } catch (InterruptedException calledOff) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("called off");
        }
    }

    private ChannelFuture register(CircuitChannel channel, Stream stream, ChannelHandler pipeline) {
        channel.pipeline().addLast(pipeline);
        var registration = loops.register(channel);
        var _ =
                registration.addListener(done -> {
                    if (!done.isSuccess()) {
                        stream.reset();
                    }
                });
        return registration;
    }

    @Override
    public Listener listen(Multiaddr address, ChannelHandler pipeline) throws IOException {
        var relay = parse(address).relay();
        if (isCallable.compareAndSet(false, true)) {
            swarm.handle(RelayServer.STOP, this::called);
        }
        var listener = new RelayListener(swarm, client, relay, pipeline, scheduler);
        listeners.removeIf(RelayListener::isClosed);
        listeners.add(listener);
        listener.start();
        return listener;
    }

    /** Somebody wants to reach us by way of a relay. */
    private void called(Stream stream) throws IOException, InterruptedException {
        stream.timeout(timeout);
        var message = RelayCodec.decodeStop(stream.readMessage(RelayCodec.MESSAGE_BYTES_MAX));
        switch (message) {
            case StopMessage.Connect(var source, var limit) -> accept(stream, source, limit);
            case StopMessage.Status _ ->
                    throw new ProtocolViolation(
                            RelayServer.STOP + ": a status where a request belongs");
        }
    }

    private void accept(Stream stream, PeerId source, CircuitLimit limit)
            throws IOException, InterruptedException {
        var relay = stream.connection();
        var place = place(relay.remotePeer());
        if (place.isEmpty() || source.equals(swarm.id())) {
            answer(stream, RelayStatus.PERMISSION_DENIED);
            return;
        }
        answer(stream, RelayStatus.OK);
        stream.timeout(Duration.ZERO);
        var channel =
                new CircuitChannel(
                        stream,
                        RelayedAddress.through(relay.remoteAddress(), relay.remotePeer()),
                        !limit.isNone(),
                        scheduler);
        if (register(channel, stream, place.get().pipeline()).await().isSuccess()) {
            channel.awaitEnd();
        }
    }

    private Optional<RelayListener> place(PeerId relay) {
        for (var listener : listeners) {
            if (listener.isHeld() && listener.relay().id().equals(relay)) {
                return Optional.of(listener);
            }
        }
        return Optional.empty();
    }

    private static void answer(Stream stream, RelayStatus status)
            throws IOException, InterruptedException {
        stream.writeMessage(RelayCodec.encode(new StopMessage.Status(status)));
    }

    @Override
    public Multiaddr remoteAddress(Channel channel) {
        return ((CircuitChannel) channel).remoteMultiaddr();
    }

    /** The relay's, which is all that is known of the other side's. */
    @Override
    public InetAddress remoteHost(Channel channel) {
        return remoteAddress(channel).host().orElseGet(InetAddress::getLoopbackAddress);
    }

    @Override
    public boolean isLimited(Channel channel) {
        return ((CircuitChannel) channel).isLimited();
    }

    @Override
    public void close() {}
}
