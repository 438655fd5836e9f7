package tensorlink.dht;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import tensorlink.p2p.core.Connection;
import tensorlink.p2p.core.Host;
import tensorlink.p2p.core.HostEvent;
import tensorlink.p2p.core.Subscription;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.peer.PeerInfo;

/** The peers of a {@link Host}, asked and answered over streams. */
final class HostNetwork implements KadNetwork {
    private final Host host;
    private final DhtConfig config;
    private final KadCodec codec;
    private final KadClient client;

    HostNetwork(Host host, DhtConfig config) {
        this.host = host;
        this.config = config;
        this.codec = new KadCodec(config);
        this.client = new KadClient(host, config, codec);
    }

    @Override
    public PeerInfo self() {
        return host.info();
    }

    @Override
    public KadResponse ask(PeerInfo peer, KadRequest request)
            throws IOException, InterruptedException {
        return client.ask(peer, request);
    }

    @Override
    public void tell(PeerInfo peer, KadRequest.AddProvider announcement)
            throws IOException, InterruptedException {
        client.tell(peer, announcement);
    }

    /** Its address at the end of our connection comes first: it need not know that one itself. */
    @Override
    public Optional<Introduction> introduction(PeerId peer) {
        var said = host.peers().identification(peer);
        if (said.isEmpty()) {
            return Optional.empty();
        }
        var addresses = new LinkedHashSet<Multiaddr>();
        Optional<Multiaddr> seenAt = Optional.empty();
        for (var connection : connections(peer)) {
            if (connection.direction() == Connection.Direction.OUTBOUND) {
                addresses.add(connection.remoteAddress());
            }
            seenAt = Optional.of(connection.remoteAddress());
        }
        addresses.addAll(said.get().addresses());
        return Optional.of(
                new Introduction(
                        new PeerInfo(peer, List.copyOf(addresses)),
                        seenAt,
                        said.get().protocols().contains(config.protocol().name())));
    }

    private List<Connection> connections(PeerId peer) {
        var connections = new ArrayList<Connection>();
        for (var connection : host.connections(peer)) {
            if (connection.isOpen()) {
                connections.add(connection);
            }
        }
        return connections;
    }

    @Override
    public boolean isConnected(PeerId peer) {
        return !connections(peer).isEmpty();
    }

    @Override
    public void remember(PeerInfo hints) {
        host.peers().add(hints);
    }

    @Override
    public void pin(PeerInfo configured) {
        host.peers().pin(configured);
    }

    @Override
    public Subscription listen(Listener listener) {
        var subscription =
                host.subscribe(event -> {
                    switch (event) {
                        case HostEvent.Identified(var peer) -> listener.introduced(peer);
                        case HostEvent.Connected _,
                                HostEvent.Disconnected _,
                                HostEvent.ReachabilityChanged _ -> {}
                    }
                });
        for (var connection : host.connections()) {
            listener.introduced(connection.remotePeer());
        }
        return subscription;
    }

    @Override
    public void serve(Server server) {
        host.handle(config.protocol(), new KadServer(config, codec, server));
    }

    @Override
    public void retire() {
        host.unhandle(config.protocol());
    }

    @Override
    public void close() {
        client.close();
    }
}
