package tensorlink.testnet.sim;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tensorlink.dht.KadNetwork;
import tensorlink.dht.KadRequest;
import tensorlink.dht.KadResponse;
import tensorlink.dht.Key;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.peer.PeerInfo;

/**
 * Attackers who know each other. They take what they are told and forget it, name only each other,
 * invent providers, and never leave; like all others they are found by being asked or by asking.
 */
final class DhtCrowd implements KadNetwork.Server {
    private static final int NAMED = 20;
    private static final int PROVIDERS_INVENTED = 5;

    private final DhtWorld world;
    private final List<DhtPeer> members = new ArrayList<>();

    DhtCrowd(DhtWorld world) {
        this.world = world;
    }

    void add(DhtPeer member) {
        member.serve(this);
        members.add(member);
    }

    List<DhtPeer> members() {
        return members;
    }

    /** Every member makes itself known to {@code victim}. */
    void approach(DhtPeer victim) {
        for (var member : members) {
            approach(member, victim);
        }
    }

    /** {@code member} asks {@code victim} something, so as to be noticed. */
    void approach(DhtPeer member, DhtPeer victim) {
        world.time()
                .fork(
                        "approach",
                        () -> {
                            try {
                                member.ask(victim.self(), new KadRequest.FindNode(member.key()));
                            } catch (IOException gone) {
                                // A client, or somebody who has just left: another will do.
                            } catch (InterruptedException stopped) {
                                Thread.currentThread().interrupt();
                            }
                        });
    }

    @Override
    public Optional<KadResponse> answer(KadRequest request, PeerId asker) {
        return switch (request) {
            case KadRequest.FindNode(var key) -> Optional.of(KadResponse.closer(closest(key)));
            case KadRequest.GetValue(var key) -> Optional.of(KadResponse.closer(closest(key)));
            case KadRequest.PutValue(var held) ->
                    Optional.of(new KadResponse(Optional.of(held), List.of(), List.of()));
            case KadRequest.GetProviders(var key) ->
                    Optional.of(new KadResponse(Optional.empty(), closest(key), inventions()));
            case KadRequest.AddProvider _ -> Optional.empty();
            case KadRequest.Ping() -> Optional.of(KadResponse.closer(List.of()));
        };
    }

    private List<PeerInfo> closest(Key key) {
        var sorted = new ArrayList<>(members);
        var order = key.byDistance();
        sorted.sort((left, right) -> order.compare(left.key(), right.key()));
        var named = new ArrayList<PeerInfo>();
        for (var member : sorted.subList(0, Math.min(NAMED, sorted.size()))) {
            named.add(member.self());
        }
        return named;
    }

    private List<PeerInfo> inventions() {
        var inventions = new ArrayList<PeerInfo>();
        for (int i = 0; i < PROVIDERS_INVENTED; i++) {
            inventions.add(new PeerInfo(world.randomId(), List.of(world.randomAddress())));
        }
        return inventions;
    }
}
