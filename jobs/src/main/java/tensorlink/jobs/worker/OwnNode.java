package tensorlink.jobs.worker;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tensorlink.compute.Engine;
import tensorlink.jobs.exchange.QuestionServer;
import tensorlink.jobs.party.Party;
import tensorlink.jobs.weights.WeightsServer;
import tensorlink.p2p.core.DialException;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.peer.PeerInfo;

/**
 * A worker in the process of a user, for this user alone: it holds an end of a model whose other
 * layers are on others' machines. To everybody else it is a worker like any other, but that nobody
 * can be asked to dial it: it dials whoever has something to ask it.
 */
public final class OwnNode implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(OwnNode.class);

    private final Party party;
    private final Worker worker;
    private final Path folder;
    private final AtomicBoolean closed = new AtomicBoolean();

    private OwnNode(Party party, Worker worker, Path folder) {
        this.party = party;
        this.worker = worker;
        this.folder = folder;
    }

    /** Makes nodes of a user's own. */
    @FunctionalInterface
    public interface Starter {
        /** Starts a node that works for {@code user} alone, and that it can dial. */
        OwnNode start(PeerId user) throws IOException, InterruptedException;
    }

    /**
     * Starts one on a host that listens where its user can dial it.
     *
     * @param party it alone; its host is closed with this node
     * @param terms for its user only, free of charge; their folder is deleted with this node
     */
    public static OwnNode start(Party party, Engine engine, WorkerTerms terms) throws IOException {
        if (terms.only() == null || !terms.unitPrice().isZero()) {
            throw new IllegalArgumentException("a node of a user's own for others, or for money");
        }
        var weights = new WeightsServer();
        var worker = new Worker(party, engine, terms, weights, (_, _) -> {});
        party.host().handle(party.protocols().weights(), weights);
        party.host().handle(party.protocols().job(), new QuestionServer(List.of(worker)));
        worker.start();
        return new OwnNode(party, worker, terms.folder());
    }

    /** Where its user reaches it. */
    public PeerInfo info() {
        return party.host().info();
    }

    /** Connects to a peer that will have something to ask. */
    public void reach(PeerInfo peer) throws DialException, InterruptedException {
        party.host().connect(peer);
    }

    /** Tells it where to reach a peer when it must. */
    public void know(PeerInfo peer) {
        party.host().peers().add(peer);
    }

    /** Ends its stage and frees everything; idempotent. */
    @Override
    public void close() {
        if (!closed.compareAndSet(false, true)) {
            return;
        }
        worker.close();
        party.host().close();
        try {
            delete();
        } catch (IOException left) {
            log.warn("{} is left behind: {}", folder, left.getMessage());
        }
    }

    private void delete() throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        try (var files = Files.walk(folder)) {
            for (var file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
