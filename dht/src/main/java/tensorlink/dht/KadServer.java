package tensorlink.dht;

import java.io.IOException;
import tensorlink.p2p.core.Stream;
import tensorlink.p2p.core.StreamHandler;
import tensorlink.p2p.peer.PeerId;

/**
 * Answers what peers ask, one question after the other on each of their streams.
 *
 * <p>A question that breaks a rule ends its stream; other streams of the same peer go on. All that
 * a question can leave behind are {@link Holdings}, which are bounded.
 */
final class KadServer implements StreamHandler {
    private final DhtConfig config;
    private final KadCodec codec;
    private final KadNetwork.Server server;
    private final StreamPlaces places;

    KadServer(DhtConfig config, KadCodec codec, KadNetwork.Server server) {
        this.config = config;
        this.codec = codec;
        this.server = server;
        this.places = new StreamPlaces(config.bounds());
    }

    @Override
    public void handle(Stream stream) throws IOException, InterruptedException {
        var asker = stream.connection().remotePeer();
        try (var _ = places.take(asker)) {
            boolean more = true;
            while (more) {
                more =
                        Deadline.within(
                                config.timeouts().idle(),
                                config.scheduler(),
                                () -> serve(stream, asker));
            }
        }
    }

    /** Answers one question; false when the peer has no more. */
    private boolean serve(Stream stream, PeerId asker) throws IOException, InterruptedException {
        var message = stream.nextMessage(KadCodec.MESSAGE_BYTES_MAX);
        if (message.isEmpty()) {
            return false;
        }
        var request = codec.decodeRequest(message.get());
        var answer = server.answer(request, asker);
        if (answer.isPresent()) {
            stream.writeMessage(codec.encode(request, answer.get()));
        }
        return true;
    }
}
