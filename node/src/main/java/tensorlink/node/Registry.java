package tensorlink.node;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import tensorlink.jobs.exchange.Answerer;
import tensorlink.jobs.job.JobException;
import tensorlink.jobs.job.ProblemCode;
import tensorlink.jobs.message.Answer;
import tensorlink.jobs.message.Question;
import tensorlink.jobs.party.Directory;
import tensorlink.ledger.Account;
import tensorlink.ledger.Bytes32;
import tensorlink.p2p.multiformats.Sha256;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.peer.PeerInfo;

/**
 * Who validates a network by the Smartnodes contracts. An account registers there the hash of its
 * node, which is that of the peer id, and connections prove peer ids: whoever claims the role of a
 * validator is one when its hash has a seat and locked collateral.
 *
 * <p>What was read holds for a while. When the chain cannot be asked, nobody is a validator.
 */
final class Registry {
    /** So long is it not asked again. */
    static final Duration KEPT = Duration.ofSeconds(30);

    /** Looked up where fewer are wanted: anybody can offer itself, and not all are registered. */
    private static final int CANDIDATES = 20;

    private final Seats seats;
    private final InstantSource clock;

    /** Guards what follows. */
    private final ReentrantLock lock = new ReentrantLock();

    private Map<Bytes32, Account> known = Map.of();
    private Instant readAt = Instant.MIN;

    /** Asks the contracts. */
    interface Seats {
        Map<Bytes32, Account> read() throws IOException, InterruptedException;
    }

    Registry(Seats seats, InstantSource clock) {
        this.seats = seats;
        this.clock = clock;
    }

    /** What an account registers to say that this node is its own. */
    static Bytes32 hash(PeerId node) {
        return new Bytes32(Sha256.of(node.multihash()));
    }

    boolean isValidator(PeerId node) throws IOException, InterruptedException {
        lock.lockInterruptibly();
        try {
            var now = clock.instant();
            if (readAt.equals(Instant.MIN) || !now.isBefore(readAt.plus(KEPT))) {
                known = seats.read();
                readAt = now;
            }
            return known.containsKey(hash(node));
        } finally {
            lock.unlock();
        }
    }

    /** The same directory, in which a validator is found only when it is registered. */
    Directory of(Directory all) {
        return (role, count) ->
                switch (role) {
                    case WORKER -> all.find(role, count);
                    case VALIDATOR ->
                            registered(all.find(role, Math.max(count, CANDIDATES)), count);
                };
    }

    private List<PeerInfo> registered(List<PeerInfo> candidates, int count)
            throws IOException, InterruptedException {
        var registered = new ArrayList<PeerInfo>();
        for (var candidate : candidates) {
            if (registered.size() < count && isValidator(candidate.id())) {
                registered.add(candidate);
            }
        }
        return registered;
    }

    /** A worker that takes offers from registered validators alone. */
    Answerer of(Answerer worker) {
        return new Answerer() {
            @Override
            public boolean answers(Question question) {
                return worker.answers(question);
            }

            @Override
            public Answer answer(
                    PeerId from, Question question, Consumer<Answer.Progressed> progress)
                    throws IOException, InterruptedException {
                if (question instanceof Question.MakeOffer && !isValidator(from)) {
                    throw new JobException(
                            ProblemCode.NOT_ALLOWED,
                            "offer refused",
                            from.shortText() + " is not registered as a validator",
                            "ask a validator that the Smartnodes contracts know");
                }
                return worker.answer(from, question, progress);
            }
        };
    }
}
