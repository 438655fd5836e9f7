package tensorlink.ledger;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Remembers what validators say of their ledgers and notices when one says two things. Keeps the
 * newest {@value #HEADS_MAX} heads of each of the {@value #VALIDATORS_MAX} validators that spoke
 * last. Safe for use by any thread.
 */
public final class HeadWatch {
    static final int VALIDATORS_MAX = 256;
    static final int HEADS_MAX = 256;

    private final Domain domain;
    private final ReentrantLock lock = new ReentrantLock();
    private final LinkedHashMap<Account, NavigableMap<Long, Signed<LedgerHead>>> heads =
            new LinkedHashMap<>();
    private final Map<Account, Equivocation.Heads> proofs = new LinkedHashMap<>();

    /** What has come of a head. */
    public sealed interface Heard {
        /** It fits all that its validator has said. */
        record New() implements Heard {}

        /** It was known before. */
        record Known() implements Heard {}

        /** It is not its validator's word. */
        record Forged() implements Heard {}

        /** It contradicts what the validator said before: here is the proof, for anyone. */
        record Lie(Equivocation.Heads proof) implements Heard {}
    }

    /** Watches validators of the network whose messages are signed for {@code domain}. */
    public HeadWatch(Domain domain) {
        this.domain = domain;
    }

    /** Takes note of a head; takes about half a millisecond unless it is known. */
    public Heard hear(Signed<LedgerHead> said) {
        var head = said.message();
        var before = known(head);
        if (before.filter(said::equals).isPresent()) {
            return new Heard.Known();
        }
        if (!said.isAuthentic(domain)) {
            return new Heard.Forged();
        }
        lock.lock();
        try {
            return keep(said);
        } finally {
            lock.unlock();
        }
    }

    /**
     * Takes note of a proof that somebody else found; false when it proves nothing or is about a
     * validator whose lie is known.
     */
    public boolean hear(Equivocation.Heads proof) {
        if (proof(proof.validator()).isPresent() || !proof.isProven(domain)) {
            return false;
        }
        lock.lock();
        try {
            return proofs.size() < VALIDATORS_MAX
                    && proofs.putIfAbsent(proof.validator(), proof) == null;
        } finally {
            lock.unlock();
        }
    }

    /** The proof that {@code validator} lies, if there is one. */
    public Optional<Equivocation.Heads> proof(Account validator) {
        lock.lock();
        try {
            return Optional.ofNullable(proofs.get(validator));
        } finally {
            lock.unlock();
        }
    }

    /** The newest head of each validator; who spoke last comes last. */
    public Map<Account, LedgerHead> newest() {
        lock.lock();
        try {
            var newest = new LinkedHashMap<Account, LedgerHead>();
            heads.forEach(
                    (account, said) -> newest.put(account, said.lastEntry().getValue().message()));
            return newest;
        } finally {
            lock.unlock();
        }
    }

    private Optional<Signed<LedgerHead>> known(LedgerHead head) {
        lock.lock();
        try {
            return Optional.ofNullable(heads.get(head.validator()))
                    .map(said -> said.get(head.index()));
        } finally {
            lock.unlock();
        }
    }

    private Heard keep(Signed<LedgerHead> said) {
        var head = said.message();
        var ofValidator = heads.remove(head.validator());
        if (ofValidator == null) {
            ofValidator = new TreeMap<>();
        }
        heads.put(head.validator(), ofValidator);
        if (heads.size() > VALIDATORS_MAX) {
            heads.pollFirstEntry();
        }
        var before = ofValidator.putIfAbsent(head.index(), said);
        if (ofValidator.size() > HEADS_MAX) {
            ofValidator.pollFirstEntry();
        }
        if (before == null) {
            return new Heard.New();
        }
        if (!before.message().contradicts(head)) {
            return new Heard.Known();
        }
        var proof = new Equivocation.Heads(before, said);
        if (proofs.size() < VALIDATORS_MAX) {
            proofs.putIfAbsent(head.validator(), proof);
        }
        return new Heard.Lie(proof);
    }
}
