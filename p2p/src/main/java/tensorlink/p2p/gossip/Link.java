package tensorlink.p2p.gossip;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tensorlink.p2p.core.Connection;
import tensorlink.p2p.core.Stream;
import tensorlink.p2p.core.StreamTimeoutException;
import tensorlink.p2p.multiaddr.AddressProtocol;
import tensorlink.p2p.multiaddr.Multiaddr;

/** Our stream to one peer, and what waits for it; also the peer's latest stream to us. */
final class Link {
    private static final Duration WRITE_TIMEOUT = Duration.ofSeconds(10);

    private final Stream stream;
    private final OutboundQueue queue;
    private @Nullable Stream inbound;

    Link(Stream stream, GossipLimits limits) {
        this.stream = stream;
        this.queue = new OutboundQueue(limits.queueRpcsMax());
        stream.timeout(WRITE_TIMEOUT);
    }

    Connection connection() {
        return stream.connection();
    }

    Dialect dialect() {
        return Dialect.of(stream.protocol());
    }

    /** What peers of one machine have in common; empty for loopback and where there is no IP. */
    static String address(Multiaddr remote) {
        return remote.isLoopback()
                ? ""
                : remote.value(AddressProtocol.IP4)
                        .or(() -> remote.value(AddressProtocol.IP6).map(Link::network))
                        .orElse("");
    }

    /** The first 64 bits, which is what one machine has to choose from. */
    private static String network(String ip6) {
        var groups = ip6.split(":", -1);
        return String.join(":", List.of(groups).subList(0, Math.min(4, groups.length)));
    }

    /** Sends what is queued until the link is closed or fails. */
    void run(RpcCodec codec) throws IOException, InterruptedException {
        for (Optional<Rpc> next = queue.take(); next.isPresent(); next = queue.take()) {
            stream.writeMessage(codec.encode(next.get()));
        }
    }

    /** Waits for the peer to give up our stream, to which it never writes. */
    void awaitEnd() throws InterruptedException {
        var unexpected = MemorySegment.ofArray(new byte[1]);
        boolean isOpen = true;
        while (isOpen) {
            try {
                var _ = stream.read(unexpected);
                isOpen = false;
            } catch (StreamTimeoutException quiet) {
                isOpen = true;
            } catch (IOException ended) {
                isOpen = false;
            }
        }
    }

    void send(Rpc rpc, boolean isOwn) {
        if (!queue.offer(rpc, isOwn)) {
            close();
        }
    }

    /** The peer opened a stream; it needs but one. */
    void replaceInbound(Stream fresh) {
        if (inbound != null) {
            inbound.reset();
        }
        inbound = fresh;
    }

    void close() {
        queue.close();
        stream.reset();
        if (inbound != null) {
            inbound.reset();
        }
    }
}
