package tensorlink.p2p.swarm;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tensorlink.p2p.core.Connection.Direction;
import tensorlink.p2p.core.GateException;
import tensorlink.p2p.core.HostObserver;
import tensorlink.p2p.core.HostObserver.Refused;
import tensorlink.p2p.core.HostObserver.Why;
import tensorlink.p2p.core.ResourceLimitException;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.transport.Transport;

/** Listens, and upgrades what the gate lets in. */
final class Acceptor {
    private static final Logger log = LoggerFactory.getLogger(Acceptor.class);

    private final List<Transport> transports;
    private final Upgrader upgrader;
    private final AcceptGate gate;
    private final Predicate<SwarmConnection> keep;
    private final HostObserver observer;
    private final List<Transport.Listener> listeners = new CopyOnWriteArrayList<>();

    /**
     * @param keep takes a new connection in, or refuses it
     */
    Acceptor(List<Transport> transports, Upgrader upgrader, Predicate<SwarmConnection> keep) {
        this.transports = transports;
        this.upgrader = upgrader;
        this.gate = new AcceptGate(upgrader.limits().connections());
        this.keep = keep;
        this.observer = upgrader.owner().observer();
    }

    Transport.Listener listen(Multiaddr address) throws IOException, InterruptedException {
        for (var transport : transports) {
            if (transport.handles(address)) {
                var listener = transport.listen(address, pipeline(transport));
                listeners.add(listener);
                return listener;
            }
        }
        throw new IOException("no transport to listen at " + address);
    }

    void stop(Transport.Listener listener) {
        listeners.remove(listener);
        listener.close();
    }

    List<Multiaddr> addresses() {
        var addresses = new ArrayList<Multiaddr>();
        for (var listener : listeners) {
            addresses.addAll(listener.addresses());
        }
        return addresses;
    }

    private ChannelHandler pipeline(Transport transport) {
        return new ChannelInitializer<Channel>() {
            @Override
            protected void initChannel(Channel channel) {
                accept(transport, channel);
            }
        };
    }

    private void accept(Transport transport, Channel channel) {
        var from = transport.remoteAddress(channel);
        var refusal = upgrader.gater().refusal(transport.remoteHost(channel));
        if (refusal.isPresent()) {
            refuse(channel, from, Why.DENIED, refusal.get());
            return;
        }
        switch (gate.admit(transport.remoteHost(channel), upgrader.scheduler().nanoTime())) {
            case AcceptGate.Admission.Refused(var reason) ->
                    refuse(channel, from, Why.ADDRESS, reason);
            case AcceptGate.Admission.Admitted(var place) -> {
                var _ = channel.closeFuture().addListener(_ -> place.close());
                try {
                    var claim = upgrader.resources().connection(Direction.INBOUND);
                    var _ = channel.closeFuture().addListener(_ -> claim.close());
                    Upgrade.inbound(upgrader, transport, channel, claim, new Outcome(from));
                } catch (ResourceLimitException full) {
                    refuse(channel, from, Why.LIMIT, String.valueOf(full.getMessage()));
                }
            }
        }
    }

    private void refuse(Channel channel, Multiaddr from, Why why, String reason) {
        log.debug("refused {}: {}", from, reason);
        observer.refused(Refused.CONNECTION, why, reason);
        var _ = channel.close();
    }

    void close() {
        for (var listener : listeners) {
            listener.close();
        }
    }

    private final class Outcome implements Upgrade.Done {
        private final Multiaddr from;

        Outcome(Multiaddr from) {
            this.from = from;
        }

        @Override
        public void up(SwarmConnection connection) {
            if (!keep.test(connection)) {
                connection.close();
            }
        }

        @Override
        public void failed(IOException reason) {
            log.debug("connection from {} failed: {}", from, reason.getMessage());
            switch (reason) {
                case ResourceLimitException full ->
                        observer.refused(Refused.CONNECTION, Why.LIMIT, full.scope() + " is full");
                case GateException denied ->
                        observer.refused(
                                Refused.CONNECTION,
                                Why.DENIED,
                                String.valueOf(denied.getMessage()));
                default -> {}
            }
        }
    }
}
