package tensorlink.testnet.sim.gossip;

import com.google.protobuf.ByteString;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import tensorlink.p2p.gossip.GossipMessage;
import tensorlink.p2p.gossip.Rpc;
import tensorlink.p2p.peer.PeerId;

/**
 * A hostile node. It enters the mesh of everybody whom it is linked to and, when it is pruned,
 * tries again as soon as the back-off is over. Until it strikes, it passes on every message at
 * once. It never offers messages, nor does it send any that it is asked for.
 */
final class Sybil extends Node {
    /**
     * After being pruned it stays away for as long as back-off demands and up to so much longer.
     */
    private static final long BACKOFF = Duration.ofMinutes(1).toNanos();

    private static final long BACKOFF_MORE = Duration.ofSeconds(15).toNanos();

    private static final int OFFERS = 20;
    private static final int FIRST_PUBLISHER = 0;

    private final EventQueue events;
    private final Wires wires;
    private final Messages messages;
    private final Attack attack;
    private final SplittableRandom random;
    private final long strikesAt;
    private final Set<PeerId> mesh = new LinkedHashSet<>();
    private final Set<PeerId> waiting = new HashSet<>();
    private final Set<ByteString> seen = new HashSet<>();

    Sybil(int number, int host, Surroundings surroundings, Attack attack, SplittableRandom random) {
        super(number, "hostile " + host);
        this.events = surroundings.events();
        this.wires = surroundings.wires();
        this.messages = surroundings.messages();
        this.attack = attack;
        this.random = random;
        this.strikesAt = attack.begins().toNanos();
    }

    @Override
    void linked(Node other, boolean isOutbound) {
        wires.send(this, other.id(), Rpc.of(new Rpc.Interest(Messages.TOPIC, true)));
        graft(other.id());
    }

    private void graft(PeerId peer) {
        mesh.add(peer);
        wires.send(this, peer, Rpc.grafting(Messages.TOPIC));
    }

    @Override
    boolean minds(Rpc rpc) {
        return !rpc.grafts().isEmpty()
                || !rpc.prunes().isEmpty()
                || (!rpc.messages().isEmpty() && passesOnSome());
    }

    private boolean passesOnSome() {
        return !isStriking()
                || switch (attack.conduct()) {
                    case DROPPING, CENSORING -> true;
                    case SILENT, SPAMMING, FORGING -> false;
                };
    }

    private boolean isStriking() {
        return events.now() >= strikesAt;
    }

    @Override
    void receive(Node from, Rpc rpc) {
        if (!rpc.grafts().isEmpty()) {
            mesh.add(from.id());
        }
        if (!rpc.prunes().isEmpty()) {
            mesh.remove(from.id());
            waitFor(from.id());
        }
        for (var message : rpc.messages()) {
            if (seen.add(Messages.id(message)) && passesOn(message)) {
                var copy = Rpc.of(message);
                for (var peer : mesh) {
                    if (!peer.equals(from.id())) {
                        wires.send(this, peer, copy);
                    }
                }
            }
        }
    }

    private void waitFor(PeerId peer) {
        if (waiting.add(peer)) {
            long pause = BACKOFF + random.nextLong(BACKOFF_MORE);
            events.at(
                    events.now() + pause,
                    () -> {
                        waiting.remove(peer);
                        graft(peer);
                    });
        }
    }

    private boolean passesOn(GossipMessage message) {
        return !isStriking()
                || switch (attack.conduct()) {
                    case SILENT, SPAMMING, FORGING -> false;
                    case DROPPING -> random.nextBoolean();
                    case CENSORING -> messages.author(message) != FIRST_PUBLISHER;
                };
    }

    /** Once a second: what it does without being asked. */
    void beat() {
        if (!isStriking()) {
            return;
        }
        switch (attack.conduct()) {
            case SILENT, DROPPING, CENSORING -> {
                // Prunes alone move it.
            }
            case SPAMMING -> {
                tellAll(Rpc.grafting(Messages.TOPIC));
                tellAll(Rpc.of(new Rpc.Have(Messages.TOPIC, inventions())));
            }
            case FORGING -> tellAll(Rpc.of(messages.forge()));
        }
    }

    private List<ByteString> inventions() {
        var ids = new ArrayList<ByteString>();
        for (int i = 0; i < OFFERS; i++) {
            ids.add(Messages.id(messages.forge()));
        }
        return ids;
    }

    private void tellAll(Rpc rpc) {
        for (var peer : links().keySet()) {
            wires.send(this, peer, rpc);
        }
    }
}
