package tensorlink.dht;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tensorlink.p2p.core.ProtocolViolation;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.peer.PeerInfo;

/** What this node answers to what peers ask. Does not block; safe for use by any thread. */
final class Replies implements KadNetwork.Server {
    private static final Logger log = LoggerFactory.getLogger(Replies.class);

    private final DhtConfig config;
    private final Contacts contacts;
    private final Holdings holdings;

    Replies(DhtConfig config, Contacts contacts, Holdings holdings) {
        this.config = config;
        this.contacts = contacts;
        this.holdings = holdings;
    }

    @Override
    public Optional<KadResponse> answer(KadRequest request, PeerId asker) throws IOException {
        contacts.heardFrom(asker);
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
