package tensorlink.dht;

import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tensorlink.p2p.core.Host;
import tensorlink.p2p.core.Stream;
import tensorlink.p2p.core.StreamResetException;
import tensorlink.p2p.core.StreamTimeoutException;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.peer.PeerInfo;

/**
 * Asks one peer one thing. Safe for use by any thread.
 *
 * <p>A stream that has carried a question and its answer is kept for the next one to the same peer.
 * The peer may have ended it meanwhile, so a question that fails on a kept stream is asked once
 * more on a new one.
 */
final class KadClient implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(KadClient.class);

    private static final int IDLE_STREAMS_MAX = 64;

    private final Host host;
    private final DhtConfig config;
    private final KadCodec codec;

    private final ReentrantLock lock = new ReentrantLock();

    /** At most one per peer, least recently used first. */
    private final LinkedHashMap<PeerId, Stream> idle = new LinkedHashMap<>();

    private boolean closed;

    KadClient(Host host, DhtConfig config, KadCodec codec) {
        this.host = host;
        this.config = config;
        this.codec = codec;
    }

    /** Sends {@code request} and waits for the answer, dialling when needed. */
    KadResponse ask(PeerInfo peer, KadRequest request) throws IOException, InterruptedException {
        return Deadline.within(
                config.timeouts().request(),
                config.scheduler(),
                () -> {
                    var kept = takeIdle(peer.id());
                    if (kept.isPresent()) {
                        try {
                            return exchange(kept.get(), request);
                        } catch (StreamResetException | EOFException ended) {
                            return exchange(open(peer), request);
                        }
                    }
                    return exchange(open(peer), request);
                });
    }

    /**
     * Sends {@code announcement}, to which there is no answer, on a stream of its own, and waits
     * for the peer to end that stream, which it does when it has taken note. Whoever asks that peer
     * afterwards hears of it.
     */
    void tell(PeerInfo peer, KadRequest.AddProvider announcement)
            throws IOException, InterruptedException {
        Deadline.within(
                config.timeouts().request(),
                config.scheduler(),
                () -> {
                    var stream = open(peer);
                    try (stream) {
                        stream.writeMessage(codec.encode(announcement));
                        stream.closeWrite();
                        awaitEnd(stream);
                        return peer;
                    } catch (IOException | InterruptedException | RuntimeException broken) {
                        stream.reset();
                        throw broken;
                    }
                });
    }

    /** Some echo the announcement first, and some keep the stream open: they were told, too. */
    private void awaitEnd(Stream stream) throws IOException, InterruptedException {
        var echo = MemorySegment.ofArray(new byte[1024]);
        stream.timeout(config.timeouts().slow());
        try {
            int read = 0;
            while (read >= 0) {
                read = stream.read(echo);
            }
        } catch (StreamTimeoutException open) {
            log.trace("{} leaves a stream open", stream.connection().remotePeer().shortText());
        }
    }

    private Stream open(PeerInfo peer) throws IOException, InterruptedException {
        return host.connect(peer).open(config.protocol());
    }

    private KadResponse exchange(Stream stream, KadRequest request)
            throws IOException, InterruptedException {
        try {
            stream.writeMessage(codec.encode(request));
            var answer =
                    codec.decodeResponse(request, stream.readMessage(KadCodec.MESSAGE_BYTES_MAX));
            keep(stream);
            return answer;
        } catch (IOException | InterruptedException | RuntimeException broken) {
            stream.reset();
            throw broken;
        }
    }

    private Optional<Stream> takeIdle(PeerId peer) {
        lock.lock();
        try {
            return Optional.ofNullable(idle.remove(peer));
        } finally {
            lock.unlock();
        }
    }

    private void keep(Stream stream) {
        var surplus = stream;
        lock.lock();
        try {
            if (!closed) {
                surplus = idle.putLast(stream.connection().remotePeer(), stream);
                if (idle.size() > IDLE_STREAMS_MAX) {
                    surplus = idle.pollFirstEntry().getValue();
                }
            }
        } finally {
            lock.unlock();
        }
        if (surplus != null) {
            surplus.close();
        }
    }

    /** Closes the kept streams; later questions work, but keep none. */
    @Override
    public void close() {
        List<Stream> kept;
        lock.lock();
        try {
            closed = true;
            kept = List.copyOf(idle.values());
            idle.clear();
        } finally {
            lock.unlock();
        }
        kept.forEach(Stream::close);
    }
}
