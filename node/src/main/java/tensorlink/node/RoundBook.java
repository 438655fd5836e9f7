package tensorlink.node;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import tensorlink.jobs.job.Sealed;
import tensorlink.jobs.message.SealException;
import tensorlink.jobs.message.Seals;
import tensorlink.jobs.message.WorkStatement;
import tensorlink.ledger.Bytes32;
import tensorlink.ledger.smartnodes.Distribution;
import tensorlink.ledger.smartnodes.Profile;
import tensorlink.ledger.smartnodes.StandingProposal;
import tensorlink.ledger.smartnodes.WorkReceipt;
import tensorlink.node.wire.RoundItem;
import tensorlink.p2p.peer.PeerId;

/**
 * What a node knows of rounds: the words of validators on jobs, what proposals say, and which of
 * them were executed. The first two are in a journal; the last is what the chain says.
 *
 * <p>The journal is written anew when it has grown to twice what it needs. Then are forgotten:
 * words on jobs that a round has paid, and proposals of rounds that are over which were not
 * executed. What was executed is kept, since it says what is paid, and workers claim with it.
 *
 * <p>One thread at a time.
 */
final class RoundBook implements AutoCloseable {
    /** A journal that is smaller is not worth the writing. */
    static final long TIDY_BYTES = 1 << 20;

    private final RoundJournal journal;
    private final Seals seals;
    private final Profile profile;
    private final Map<Bytes32, Map<PeerId, Sealed<WorkStatement>>> works = new TreeMap<>(BYTES);
    private final Map<Bytes32, List<Told>> told = new HashMap<>();
    private final Map<Bytes32, Integer> executed = new LinkedHashMap<>();

    /** What was derived from the others when it was asked for, unless they have changed since. */
    private Optional<Paid> paid = Optional.empty();

    private boolean derived;

    private long id;
    private long tidyAt = TIDY_BYTES;

    private static final Comparator<Bytes32> BYTES =
            Comparator.comparing(Bytes32::bytes, ByteString.unsignedLexicographicalComparator());

    /** What rounds have paid: which jobs, up to which distribution. */
    private record Paid(Set<Bytes32> jobs, BigInteger last) {}

    /**
     * @throws IOException when the journal is damaged
     */
    RoundBook(Path file, Seals seals, Profile profile) throws IOException {
        this.seals = seals;
        this.profile = profile;
        this.journal = RoundJournal.open(file);
        this.id = freshId();
        try {
            for (var item : journal.items()) {
                index(item);
            }
        } catch (SealException | InvalidProtocolBufferException damaged) {
            try (journal) {
                throw new IOException("the journal of rounds: " + damaged.getMessage(), damaged);
            }
        }
    }

    private long freshId() {
        return seals.nonce().asReadOnlyByteBuffer().getLong();
    }

    private void index(RoundItem item) throws IOException, SealException {
        switch (item.getKindCase()) {
            case WORK -> index(seals.openWork(item.getWork()));
            case TOLD -> index(Told.decode(item.getTold()));
            case KIND_NOT_SET -> throw new IOException("the journal of rounds: an item of no kind");
        }
    }

    private void index(Sealed<WorkStatement> work) {
        works.computeIfAbsent(work.content().job().word(), _ -> new HashMap<>())
                .putIfAbsent(work.signer(), work);
    }

    private void index(Told proposal) {
        told.computeIfAbsent(proposal.proposal().root(), _ -> new ArrayList<>()).add(proposal);
        derived = false;
    }

    // What is known.

    /** Some of it, for another validator. */
    RoundPage page(RoundPage.Wanted wanted) {
        return RoundPage.of(id, journal.items(), wanted);
    }

    /**
     * Whether the word of {@code signer} on a job is not needed: it is here, or the job is paid.
     */
    boolean knows(Bytes32 job, PeerId signer) {
        return works.getOrDefault(job, Map.of()).containsKey(signer)
                || paid().filter(it -> it.jobs.contains(job)).isPresent();
    }

    boolean knows(Told proposal) {
        return told.getOrDefault(proposal.proposal().root(), List.of()).contains(proposal);
    }

    /** Keeps a word that is not known. */
    void add(Sealed<WorkStatement> work) throws IOException, InterruptedException {
        write(item(work));
        index(work);
    }

    /** Keeps a proposal that is not known. */
    void add(Told proposal) throws IOException, InterruptedException {
        write(item(proposal));
        index(proposal);
    }

    private void write(RoundItem item) throws IOException, InterruptedException {
        tidy();
        journal.add(item);
    }

    private static RoundItem item(Sealed<WorkStatement> work) {
        return RoundItem.newBuilder().setWork(work.envelope()).build();
    }

    private static RoundItem item(Told proposal) {
        return RoundItem.newBuilder().setTold(proposal.encode()).build();
    }

    /** Notes what the chain has executed. */
    void executed(Bytes32 hash, int number) {
        executed.put(hash, number);
        derived = false;
    }

    /** Forgets what no round will need, where that is worth the writing. */
    private void tidy() throws IOException, InterruptedException {
        if (journal.length() < tidyAt) {
            return;
        }
        paid().ifPresent(this::forget);
        var needed = new ArrayList<RoundItem>();
        told.values().forEach(some -> some.forEach(it -> needed.add(item(it))));
        works.values().forEach(words -> words.values().forEach(it -> needed.add(item(it))));
        journal.rewrite(needed);
        id = freshId();
        tidyAt = Math.max(TIDY_BYTES, 2 * journal.length());
    }

    private void forget(Paid paid) {
        works.keySet().removeAll(paid.jobs);
        for (var some : told.values()) {
            some.removeIf(
                    it -> it.distribution().id().compareTo(paid.last) <= 0 && !isExecuted(it));
        }
        told.values().removeIf(List::isEmpty);
    }

    // Proposals.

    /** What a proposal on the chain says, if that is known. */
    Optional<Told> told(Bytes32 hash, int number) {
        return told.values().stream()
                .flatMap(List::stream)
                .filter(it -> isOf(it, hash, number))
                .findFirst();
    }

    private boolean isOf(Told proposal, Bytes32 hash, int number) {
        return proposal.proposal().hash(profile, number).equals(hash);
    }

    /** Whether a round was of it; a hash is only taken for each number that one has had. */
    boolean isExecuted(Told proposal) {
        return round(proposal).isPresent();
    }

    private Optional<Bytes32> round(Told proposal) {
        var content = proposal.proposal();
        for (var number : new HashSet<>(executed.values())) {
            var hash = content.hash(profile, number);
            if (number.equals(executed.get(hash))) {
                return Optional.of(hash);
            }
        }
        return Optional.empty();
    }

    boolean stands(Told proposal, List<StandingProposal> standing) {
        return standing.stream().anyMatch(it -> isOf(proposal, it.hash(), it.number()));
    }

    /** What each executed round has paid, in their order; empty for one that is not told here. */
    Map<Bytes32, Optional<Told>> rounds() {
        var rounds = new LinkedHashMap<Bytes32, Optional<Told>>();
        executed.keySet().forEach(hash -> rounds.put(hash, Optional.empty()));
        for (var some : told.values()) {
            for (var proposal : some) {
                round(proposal).ifPresent(hash -> rounds.put(hash, Optional.of(proposal)));
            }
        }
        return rounds;
    }

    /** What rounds have paid; empty while one of them is not told here. */
    private Optional<Paid> paid() {
        if (!derived) {
            paid = derive();
            derived = true;
        }
        return paid;
    }

    private Optional<Paid> derive() {
        var jobs = new HashSet<Bytes32>();
        var last = BigInteger.ZERO;
        for (var round : rounds().values()) {
            if (round.isEmpty()) {
                return Optional.empty();
            }
            jobs.addAll(round.get().jobs());
            last = last.max(round.get().distribution().id());
        }
        return Optional.of(new Paid(jobs, last));
    }

    // Jobs.

    /** How many jobs are known that no round has paid, as far as that is known. */
    int unpaid() {
        var settled = paid().map(Paid::jobs).orElse(Set.of());
        return (int) works.keySet().stream().filter(job -> !settled.contains(job)).count();
    }

    /**
     * What is owed for jobs that were complete by then, as much as one proposal takes.
     *
     * @throws IOException when it is not known what is paid already
     */
    List<WorkReceipt> owed(Instant until) throws IOException {
        var settled =
                paid().map(Paid::jobs)
                        .orElseThrow(() ->
                                new IOException(
                                        "a round was executed that no validator has told this one"
                                                + " of: what is paid already is not known"));
        var receipts = new ArrayList<WorkReceipt>();
        int jobs = 0;
        for (var words : works.entrySet()) {
            var word = word(words.getValue().values(), until);
            if (word.isEmpty() || settled.contains(words.getKey()) || jobs == Rounds.JOBS_MAX) {
                continue;
            }
            var work = word.get();
            if (receipts.size() + work.shares().size() > Distribution.SHARES_MAX) {
                break; // the rest is the next round's
            }
            jobs++;
            for (var share : work.shares()) {
                receipts.add(
                        new WorkReceipt(
                                words.getKey(),
                                share.worker(),
                                work.memoryBytes(share),
                                work.seconds()));
            }
        }
        return receipts;
    }

    /** Whoever says the shortest time, and of those whoever comes first, whatever came first. */
    private static Optional<WorkStatement> word(
            Iterable<Sealed<WorkStatement>> words, Instant until) {
        Sealed<WorkStatement> best = null;
        var order =
                Comparator.<Sealed<WorkStatement>>comparingLong(it -> it.content().seconds())
                        .thenComparing(
                                Sealed::envelope, ByteString.unsignedLexicographicalComparator());
        for (var word : words) {
            if (!word.content().completed().isAfter(until)
                    && (best == null || order.compare(word, best) < 0)) {
                best = word;
            }
        }
        return Optional.ofNullable(best).map(Sealed::content);
    }

    @Override
    public void close() throws IOException {
        journal.close();
    }
}
