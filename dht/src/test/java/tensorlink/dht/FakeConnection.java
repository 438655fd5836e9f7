package tensorlink.dht;

import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import tensorlink.p2p.core.Connection;
import tensorlink.p2p.core.Link;
import tensorlink.p2p.core.ProtocolId;
import tensorlink.p2p.core.Stream;
import tensorlink.p2p.core.StreamResetException;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.PeerId;

/** One side's view of a connection between two {@link FakeHost}s. */
final class FakeConnection implements Connection {
    private final FakeHost local;
    private final FakeHost remote;
    private final Multiaddr remoteAddress;
    private final Direction direction;
    private final List<FakeStream> streams = new CopyOnWriteArrayList<>();
    private volatile boolean open = true;

    FakeConnection(FakeHost local, FakeHost remote, Multiaddr remoteAddress, Direction direction) {
        this.local = local;
        this.remote = remote;
        this.remoteAddress = remoteAddress;
        this.direction = direction;
    }

    FakeHost local() {
        return local;
    }

    FakeHost remote() {
        return remote;
    }

    @Override
    public PeerId remotePeer() {
        return remote.id();
    }

    @Override
    public Multiaddr remoteAddress() {
        return remoteAddress;
    }

    @Override
    public Direction direction() {
        return direction;
    }

    @Override
    public Link link() {
        return new Link("fake", "/plaintext", "/fake", false, Instant.EPOCH);
    }

    @Override
    public int streams() {
        return streams.size();
    }

    @Override
    public boolean isOpen() {
        return open;
    }

    @Override
    public Stream open(List<ProtocolId> protocols) throws IOException, InterruptedException {
        if (!open) {
            throw new StreamResetException("connection is closed");
        }
        return local.open(this, remote, protocols);
    }

    void add(FakeStream stream) {
        streams.add(stream);
    }

    void remove(FakeStream stream) {
        streams.remove(stream);
    }

    /** How many streams of this side are not finished. */
    int streamCount() {
        return streams.size();
    }

    void drop() {
        open = false;
        streams.forEach(FakeStream::reset);
    }

    @Override
    public void close() {
        local.disconnect(remote.id());
    }
}
