package tensorlink.dht;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tensorlink.p2p.core.ProtocolViolation;
import tensorlink.p2p.core.Stream;
import tensorlink.p2p.core.StreamHandler;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.peer.PeerInfo;

/**
 * Answers what peers ask, one question after the other on each of their streams.
 *
 * <p>A question that breaks a rule ends its stream; other streams of the same peer go on. All that
 * a question can leave behind are {@link Holdings}, which are bounded.
 */
final class KadServer implements StreamHandler {
    private static final Logger log = LoggerFactory.getLogger(KadServer.class);

    private final DhtConfig config;
    private final KadCodec codec;
    private final Contacts contacts;
    private final Holdings holdings;
    private final StreamPlaces places;

    KadServer(DhtConfig config, KadCodec codec, Contacts contacts, Holdings holdings) {
        this.config = config;
        this.codec = codec;
        this.contacts = contacts;
        this.holdings = holdings;
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
        var answer = answer(request, asker);
        if (answer.isPresent()) {
            stream.writeMessage(codec.encode(request, answer.get()));
        }
        return true;
    }

    private Optional<KadResponse> answer(KadRequest request, PeerId asker) throws IOException {
        return switch (request) {
            case KadRequest.FindNode(var key) ->
                    Optional.of(KadResponse.closer(withTarget(key, closer(key, asker), asker)));
            case KadRequest.GetValue(var key) ->
                    Optional.of(
                            new KadResponse(
                                    holdings.record(key.bytes()), closer(key, asker), List.of()));
            case KadRequest.PutValue(var held) -> {
                put(held.record(), asker);
                yield Optional.of(new KadResponse(Optional.of(held), List.of(), List.of()));
            }
            case KadRequest.GetProviders(var key) ->
                    Optional.of(
                            new KadResponse(
                                    Optional.empty(), closer(key, asker), holdings.providers(key)));
            case KadRequest.AddProvider(var key, var providers) -> {
                addProvider(key, providers, asker);
                yield Optional.empty();
            }
            case KadRequest.Ping() -> Optional.of(KadResponse.closer(List.of()));
        };
    }

    private List<PeerInfo> closer(Key key, PeerId asker) {
        int k = config.search().k();
        var closer = contacts.table().closest(key, k + 1);
        closer.removeIf(peer -> peer.id().equals(asker) || peer.addresses().isEmpty());
        return closer.subList(0, Math.min(k, closer.size()));
    }

    /** A peer that only asks is in no table; who has been connected to it can still tell where. */
    private List<PeerInfo> withTarget(Key key, List<PeerInfo> closer, PeerId asker) {
        var target = peerId(key).filter(id -> !id.equals(asker)).flatMap(contacts::identified);
        if (target.isEmpty() || target.get().addresses().isEmpty()) {
            return closer;
        }
        var all = new ArrayList<PeerInfo>();
        all.add(target.get());
        for (var peer : closer) {
            if (!peer.id().equals(target.get().id()) && all.size() < config.search().k()) {
                all.add(peer);
            }
        }
        return all;
    }

    private static Optional<PeerId> peerId(Key key) {
        try {
            return Optional.of(new PeerId(key.bytes()));
        } catch (IllegalArgumentException somethingElse) {
            return Optional.empty();
        }
    }

    private void put(DhtRecord record, PeerId sender) throws IOException {
        switch (holdings.check(record)) {
            case RecordValidator.Verdict.Invalid(var reason) ->
                    throw new ProtocolViolation(config.protocol() + ": record: " + reason);
            case RecordValidator.Verdict.Valid(var end) -> {
                if (!holdings.keep(record, end)) {
                    throw new RecordRefusedException(
                            "record of "
                                    + sender.shortText()
                                    + ": a better one is held, or no room");
                }
            }
        }
    }

    private void addProvider(Key key, List<PeerInfo> providers, PeerId sender) {
        for (var provider : providers) {
            if (!provider.id().equals(sender)) {
                log.debug("{} announces somebody else: ignored", sender.shortText());
            } else if (provider.addresses().isEmpty()) {
                holdings.provide(key, contacts.identified(sender).orElse(provider));
            } else {
                holdings.provide(key, provider);
            }
        }
    }
}
