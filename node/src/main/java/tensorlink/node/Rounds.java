package tensorlink.node;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
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
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tensorlink.compute.format.AtomicFile;
import tensorlink.jobs.job.Sealed;
import tensorlink.jobs.message.SealException;
import tensorlink.jobs.message.WorkStatement;
import tensorlink.jobs.party.Directory;
import tensorlink.jobs.party.Party;
import tensorlink.jobs.validator.Validator;
import tensorlink.ledger.Account;
import tensorlink.ledger.Bytes32;
import tensorlink.ledger.Cursor;
import tensorlink.ledger.smartnodes.Books;
import tensorlink.ledger.smartnodes.Distribution;
import tensorlink.ledger.smartnodes.Proposal;
import tensorlink.ledger.smartnodes.Round;
import tensorlink.ledger.smartnodes.SmartnodesEvent.Change;
import tensorlink.ledger.smartnodes.SmartnodesLedger;
import tensorlink.ledger.smartnodes.SmartnodesOutcome;
import tensorlink.ledger.smartnodes.SmartnodesOutcome.Done;
import tensorlink.ledger.smartnodes.SmartnodesOutcome.Withheld;
import tensorlink.ledger.smartnodes.StandingProposal;
import tensorlink.ledger.smartnodes.WorkReceipt;
import tensorlink.node.wire.RoundAnswer;
import tensorlink.node.wire.RoundItem;
import tensorlink.node.wire.RoundQuestion;
import tensorlink.node.wire.ToldProposal;
import tensorlink.p2p.core.ProtocolViolation;
import tensorlink.p2p.core.Stream;
import tensorlink.p2p.peer.PeerId;

/**
 * The rounds on the Smartnodes contracts, as one validator takes part in them.
 *
 * <p>Each validator keeps a journal of what it knows: its own word, signed, on each job that it
 * watched to its good end, that of the other validators, and what proposals say. They read each
 * other's journals. Of another's word only as much is believed as users and workers have signed
 * ({@link WorkStatement#check}); who is not registered is not heard.
 *
 * <p>A proposal is what follows from all words on jobs that were complete by a certain time and
 * that no round has paid yet. So whoever has the same words comes to the same proposal; who does
 * not votes against it, names what differs, and asks again when it has heard more. Where validators
 * say different things of a job, the shortest time counts.
 *
 * <p>Safe for use by any thread; what is done is done by one at a time.
 */
public final class Rounds implements AutoCloseable {
    /** Between two looks. */
    static final Duration INTERVAL = Duration.ofSeconds(15);

    /** A job counts when it has been complete for so long that others will have heard of it. */
    static final Duration SETTLING = Duration.ofSeconds(60);

    /** A proposal of an expired round is given so long: another one wipes it, with its votes. */
    static final Duration PATIENCE = Duration.ofMinutes(5);

    /** In one proposal: each costs about 9,000 gas. */
    static final int JOBS_MAX = 500;

    private static final int VERSION = 1;
    private static final int QUESTION_BYTES_MAX = 64;
    private static final int ANSWER_BYTES_MAX = 4 << 20;
    private static final int ITEMS_PER_ANSWER = 256;
    private static final int ANSWERS_MAX = 1_024;
    private static final int VALIDATORS_ASKED_MAX = 20;
    private static final Duration ANSWER_TIMEOUT = Duration.ofSeconds(10);
    private static final Logger log = LoggerFactory.getLogger(Rounds.class);

    private final Party party;
    private final SmartnodesLedger ledger;
    private final Registry registry;
    private final Directory directory;
    private final @Nullable Validator validator;
    private final Path draft;
    private final RoundJournal journal;
    private final long journalId;
    private @Nullable Thread keeping;

    /** Guards what follows, and the journal. */
    private final ReentrantLock lock = new ReentrantLock();

    private final Map<Bytes32, Map<PeerId, Sealed<WorkStatement>>> works = new TreeMap<>(BYTES);
    private final Map<Bytes32, List<Told>> told = new HashMap<>();
    private final Map<PeerId, Read> read = new HashMap<>();
    private final Map<Bytes32, Instant> standingSince = new HashMap<>();
    private final Set<Bytes32> voted = new HashSet<>();
    private final Map<Bytes32, Integer> executed = new LinkedHashMap<>();
    private Cursor events = Cursor.START;

    private static final Comparator<Bytes32> BYTES =
            Comparator.comparing(Bytes32::bytes, ByteString.unsignedLexicographicalComparator());

    /** How far another's journal was read. */
    private record Read(long journal, int next) {}

    /** Something that was done, or why it was not, for people. */
    public record Step(String what, String detail) {}

    /**
     * @param directory of registered validators
     * @param validator of this node, if it is one
     * @param folder for the journal
     */
    Rounds(
            Party party,
            SmartnodesLedger ledger,
            Registry registry,
            Directory directory,
            @Nullable Validator validator,
            Path folder)
            throws IOException {
        this.party = party;
        this.ledger = ledger;
        this.registry = registry;
        this.directory = registry.of(directory);
        this.validator = validator;
        this.journalId = party.seals().nonce().asReadOnlyByteBuffer().getLong();
        this.draft = folder.resolve("proposal");
        this.journal = RoundJournal.open(folder.resolve("rounds.log"));
        for (var item : journal.items()) {
            index(item);
        }
        if (validator != null) {
            party.host().handle(party.protocols().round(), this::serve);
        }
    }

    private void index(ByteString item) throws IOException {
        try {
            var parsed = RoundItem.parseFrom(item);
            switch (parsed.getKindCase()) {
                case WORK -> index(party.seals().openWork(parsed.getWork()));
                case TOLD -> index(Told.decode(parsed.getTold()));
                case KIND_NOT_SET -> throw new IOException("an item of no kind");
            }
        } catch (SealException | InvalidProtocolBufferException damaged) {
            throw new IOException("the journal of rounds: " + damaged.getMessage(), damaged);
        }
    }

    private void index(Sealed<WorkStatement> work) {
        works.computeIfAbsent(work.content().job().word(), _ -> new HashMap<>())
                .putIfAbsent(work.signer(), work);
    }

    private void index(Told proposal) {
        told.computeIfAbsent(proposal.proposal().root(), _ -> new ArrayList<>()).add(proposal);
    }

    /** Keeps taking part until this is closed. */
    public void keep() {
        keeping = party.scheduler().fork("rounds", this::keepRunning);
    }

    private void keepRunning() {
        try {
            while (true) {
                try {
                    for (var step : run()) {
                        log.info("{}: {}", step.what(), step.detail());
                    }
                } catch (IOException later) {
                    log.warn("the round is looked at again later: {}", later.getMessage());
                }
                party.scheduler().sleep(INTERVAL);
            }
        } catch (InterruptedException closing) {
            Thread.currentThread().interrupt();
        }
    }

    /** Does what is to be done now: hears the others, proposes, votes, executes. */
    public List<Step> run() throws IOException, InterruptedException {
        var steps = new ArrayList<Step>(exchange());
        if (validator != null) {
            steps.addAll(propose(party.scheduler().now().minus(SETTLING)));
            steps.addAll(vote());
            steps.addAll(execute());
        }
        return steps;
    }

    // What is known.

    /** Takes up what this validator and the others have to say. */
    public List<Step> exchange() throws IOException, InterruptedException {
        lock.lockInterruptibly();
        try {
            var steps = new ArrayList<Step>();
            hearExecutions();
            if (validator != null) {
                int own = 0;
                var me = party.id();
                for (var work :
                        validator.works(
                                job -> works.getOrDefault(job.word(), Map.of()).containsKey(me))) {
                    own += take(me, RoundItem.newBuilder().setWork(work).build()) ? 1 : 0;
                }
                step(steps, own, "own");
            }
            for (var other : directory.find(Directory.Role.VALIDATOR, VALIDATORS_ASKED_MAX)) {
                if (other.id().equals(party.id())) {
                    continue;
                }
                try {
                    party.host().peers().add(other);
                    step(steps, read(other.id(), steps), "from " + other.id().shortText());
                } catch (IOException silent) {
                    steps.add(
                            new Step(
                                    "not heard",
                                    other.id().shortText() + ": " + silent.getMessage()));
                }
            }
            return steps;
        } finally {
            lock.unlock();
        }
    }

    private static void step(List<Step> steps, int count, String where) {
        if (count > 0) {
            steps.add(new Step("heard", count + " " + where));
        }
    }

    private int read(PeerId other, List<Step> steps) throws IOException, InterruptedException {
        int taken = 0;
        for (int asked = 0; asked < ANSWERS_MAX; asked++) {
            var before = read.getOrDefault(other, new Read(0, 0));
            RoundAnswer answer;
            try (var stream = party.host().open(other, party.protocols().round())) {
                stream.timeout(ANSWER_TIMEOUT);
                stream.writeMessage(
                        RoundQuestion.newBuilder()
                                .setVersion(VERSION)
                                .setJournal(before.journal())
                                .setFrom(before.next())
                                .build()
                                .toByteString());
                stream.closeWrite();
                answer = RoundAnswer.parseFrom(stream.readMessage(ANSWER_BYTES_MAX));
            } catch (InvalidProtocolBufferException malformed) {
                throw new ProtocolViolation("round: " + malformed.getMessage(), malformed);
            }
            if (answer.getVersion() != VERSION || answer.getItemsCount() > ITEMS_PER_ANSWER) {
                throw new ProtocolViolation(
                        "round: version "
                                + answer.getVersion()
                                + ", "
                                + answer.getItemsCount()
                                + " items, limit "
                                + ITEMS_PER_ANSWER);
            }
            int next = answer.getFrom();
            for (var item : answer.getItemsList()) {
                try {
                    taken += take(other, item) ? 1 : 0;
                } catch (ProtocolViolation | SealException | IllegalArgumentException wrong) {
                    steps.add(
                            new Step(
                                    "not believed", other.shortText() + ": " + wrong.getMessage()));
                }
                next++;
            }
            read.put(other, new Read(answer.getJournal(), next));
            if (!answer.getMore() || answer.getItemsCount() == 0) {
                break;
            }
        }
        return taken;
    }

    /**
     * Keeps an item if it is new.
     *
     * @throws IllegalArgumentException naming what does not hold
     */
    private boolean take(PeerId from, RoundItem item) throws IOException, InterruptedException {
        return switch (item.getKindCase()) {
            case WORK -> takeWork(item);
            case TOLD -> take(from, Told.decode(item.getTold()));
            case KIND_NOT_SET -> throw new ProtocolViolation("round: an item of no known kind");
        };
    }

    private boolean takeWork(RoundItem item) throws IOException, InterruptedException {
        var work = party.seals().openWork(item.getWork());
        var known = works.getOrDefault(work.content().job().word(), Map.of());
        if (known.containsKey(work.signer())) {
            return false;
        }
        if (!registry.isValidator(work.signer())) {
            throw new IllegalArgumentException(
                    "work: " + work.signer().shortText() + " is not registered");
        }
        work.content().check(party.domain(), party.scheduler().now());
        journal.add(item);
        index(work);
        return true;
    }

    private boolean take(PeerId from, Told proposal) throws IOException, InterruptedException {
        if (told.getOrDefault(proposal.proposal().root(), List.of()).contains(proposal)) {
            return false;
        }
        boolean onChain = false;
        for (var known : executed.entrySet()) {
            onChain |= isOf(proposal, known.getKey(), known.getValue());
        }
        for (var standing : standing()) {
            onChain |= isOf(proposal, standing.hash(), standing.number());
        }
        if (!onChain) {
            throw new IllegalArgumentException(
                    "told proposal: the chain knows none with this hash, which "
                            + from.shortText()
                            + " tells");
        }
        journal.add(RoundItem.newBuilder().setTold(proposal.encode()).build());
        index(proposal);
        return true;
    }

    private boolean isOf(Told proposal, Bytes32 hash, int number) {
        return proposal.proposal().hash(ledger.profile(), number).equals(hash);
    }

    private Optional<Told> told(Bytes32 hash, int number) {
        return told.values().stream()
                .flatMap(List::stream)
                .filter(it -> isOf(it, hash, number))
                .findFirst();
    }

    private void serve(Stream stream) throws IOException, InterruptedException {
        stream.timeout(ANSWER_TIMEOUT);
        RoundQuestion question;
        try {
            question = RoundQuestion.parseFrom(stream.readMessage(QUESTION_BYTES_MAX));
        } catch (InvalidProtocolBufferException malformed) {
            throw new ProtocolViolation("round: " + malformed.getMessage(), malformed);
        }
        var items = known();
        int from = question.getJournal() == journalId ? question.getFrom() : 0;
        if (from < 0 || from > items.size()) {
            from = 0;
        }
        var answer =
                RoundAnswer.newBuilder().setVersion(VERSION).setJournal(journalId).setFrom(from);
        int next = from;
        long bytes = 0;
        while (next < items.size() && next - from < ITEMS_PER_ANSWER) {
            bytes += items.get(next).size() + 8L;
            if (bytes > ANSWER_BYTES_MAX - 64 && next > from) {
                break;
            }
            try {
                answer.addItems(RoundItem.parseFrom(items.get(next)));
            } catch (InvalidProtocolBufferException ours) {
                throw new IllegalStateException(ours);
            }
            next++;
        }
        stream.writeMessage(answer.setMore(next < items.size()).build().toByteString());
    }

    /** A copy, so that nobody who reads slowly keeps others waiting. */
    private List<ByteString> known() {
        lock.lock();
        try {
            return journal.items();
        } finally {
            lock.unlock();
        }
    }

    private void hearExecutions() throws IOException, InterruptedException {
        events =
                ledger.events(
                        events,
                        event -> {
                            if (event.change()
                                    instanceof Change.ProposalExecuted(int number, var hash)) {
                                executed.put(hash, number);
                            }
                        });
    }

    /** The jobs that rounds have paid; empty while one of them is not told here. */
    private Optional<Set<Bytes32>> settled() {
        var settled = new HashSet<Bytes32>();
        for (var round : executed.entrySet()) {
            var contents = told(round.getKey(), round.getValue());
            if (contents.isEmpty()) {
                return Optional.empty();
            }
            settled.addAll(contents.get().jobs());
        }
        return Optional.of(settled);
    }

    // Rounds.

    /** What follows from all that is known of jobs that were complete by then. */
    public Books books(Instant until) throws IOException, InterruptedException {
        lock.lockInterruptibly();
        try {
            hearExecutions();
            var settled =
                    settled()
                            .orElseThrow(() ->
                                    new IOException(
                                            "a round was executed that no validator has told this"
                                                + " one of: what is paid already is not known"));
            var receipts = new ArrayList<WorkReceipt>();
            int jobs = 0;
            for (var words : works.entrySet()) {
                var word = word(words.getValue().values(), until);
                if (word.isEmpty() || settled.contains(words.getKey()) || jobs == JOBS_MAX) {
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
            return new Books(ledger.nextDistribution(), receipts, Set.of());
        } finally {
            lock.unlock();
        }
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

    /**
     * Proposes what the books say, when this validator may and there is something to pay.
     *
     * @param until jobs that were complete by then are in it
     */
    public List<Step> propose(Instant until) throws IOException, InterruptedException {
        lock.lockInterruptibly();
        try {
            recoverDraft();
            var round = ledger.round();
            var books = books(until);
            if (books.proposal().jobs().isEmpty() || !mayPropose(round)) {
                return List.of();
            }
            return List.of(
                    propose(Told.of(Instant.ofEpochSecond(until.getEpochSecond()), books), books));
        } finally {
            lock.unlock();
        }
    }

    private boolean mayPropose(Round round) throws IOException, InterruptedException {
        var now = party.scheduler().now();
        if (now.isBefore(round.lastExecution().plus(round.updateTime()))) {
            return false;
        }
        boolean patient = false;
        for (var standing : standing()) {
            if (standing.creator().equals(ledger.account())) {
                return false;
            }
            var since = standingSince.computeIfAbsent(standing.hash(), _ -> now);
            patient |= now.isBefore(since.plus(PATIENCE));
        }
        return round.expired() ? !patient : round.selected().contains(ledger.account());
    }

    /**
     * Proposes these books and tells the others, whatever this validator's own say: for an operator
     * that knows better. Others vote for what their own books say, and for nothing else.
     */
    public Step propose(Instant until, Books books) throws IOException, InterruptedException {
        lock.lockInterruptibly();
        try {
            return propose(Told.of(until, books), books);
        } finally {
            lock.unlock();
        }
    }

    /** What is proposed is on disk before: whoever forgets it can never execute it. */
    private Step propose(Told proposal, Books books) throws IOException, InterruptedException {
        AtomicFile.write(draft, proposal.encode().toByteArray());
        var outcome = ledger.propose(books);
        if (outcome instanceof Done) {
            recoverDraft();
        }
        return new Step(
                outcome instanceof Done ? "proposed" : "not proposed",
                books.proposal().jobs().size()
                        + " jobs, "
                        + books.distribution().shares().size()
                        + " workers: "
                        + text(outcome));
    }

    /** Tells of our own proposal when the chain has it, also when we were stopped in between. */
    private void recoverDraft() throws IOException, InterruptedException {
        if (Files.exists(draft)) {
            var proposal = Told.decode(ToldProposal.parseFrom(Files.readAllBytes(draft)));
            try {
                take(party.id(), proposal);
                Files.delete(draft);
            } catch (IllegalArgumentException notOnChain) {
                log.debug("{}", notOnChain.getMessage());
            }
        }
    }

    /** Votes for the proposals that are what this validator's own books say. */
    public List<Step> vote() throws IOException, InterruptedException {
        lock.lockInterruptibly();
        try {
            var steps = new ArrayList<Step>();
            for (var standing : standing()) {
                if (!voted.contains(standing.hash())) {
                    steps.add(vote(standing));
                }
            }
            return steps;
        } finally {
            lock.unlock();
        }
    }

    private Step vote(StandingProposal standing) throws IOException, InterruptedException {
        var name = "number " + standing.number() + " by " + standing.creator() + ": ";
        var contents = told(standing.hash(), standing.number());
        if (contents.isEmpty()) {
            return new Step("not voted", name + "nobody has told what it is");
        }
        var proposal = contents.get();
        if (proposal.until().isAfter(party.scheduler().now())) {
            return new Step("not voted", name + "it is of jobs until " + proposal.until());
        }
        var outcome =
                ledger.vote(
                        new Books.Told(
                                standing.number(), proposal.proposal(), proposal.distribution()),
                        books(proposal.until()));
        if (outcome instanceof Done
                || (outcome instanceof SmartnodesOutcome.Refused(var error)
                        && error.contains("AlreadyVoted"))) {
            voted.add(standing.hash());
        }
        return new Step(outcome instanceof Done ? "voted" : "not voted", name + text(outcome));
    }

    /** Executes our own proposal when it has the votes. */
    public List<Step> execute() throws IOException, InterruptedException {
        lock.lockInterruptibly();
        try {
            int needed = ledger.round().votesNeeded();
            for (var standing : standing()) {
                var contents = told(standing.hash(), standing.number());
                if (standing.creator().equals(ledger.account())
                        && standing.votes() >= needed
                        && contents.isPresent()) {
                    var proposal = contents.get().proposal();
                    var outcome = ledger.execute(standing.number(), proposal);
                    return List.of(
                            new Step(
                                    outcome instanceof Done ? "executed" : "not executed",
                                    "distribution "
                                            + contents.get().distribution().id()
                                            + ": "
                                            + text(outcome)));
                }
            }
            return List.of();
        } finally {
            lock.unlock();
        }
    }

    /** The proposals that the open round has, by their numbers. */
    public List<StandingProposal> standing() throws IOException, InterruptedException {
        var standing = new ArrayList<StandingProposal>();
        for (int number = 1; number <= Proposal.NUMBER_MAX; number++) {
            var proposal = ledger.proposal(number);
            if (proposal.isEmpty()) {
                break;
            }
            standing.add(proposal.get());
        }
        return standing;
    }

    /** Claims what this node's account has earned in all rounds that it is told of. */
    public List<Step> claim() throws IOException, InterruptedException {
        lock.lockInterruptibly();
        try {
            var steps = new ArrayList<Step>();
            hearExecutions();
            Account me = ledger.account();
            for (var round : executed.entrySet()) {
                var contents = told(round.getKey(), round.getValue());
                if (contents.isEmpty()) {
                    steps.add(new Step("not told", "what round " + round.getKey() + " has paid"));
                    continue;
                }
                var distribution = contents.get().distribution();
                if (distribution.claim(me).isPresent()
                        && !ledger.isClaimed(distribution.id(), me)) {
                    var outcome = ledger.claim(distribution);
                    steps.add(
                            new Step(
                                    outcome instanceof Done ? "claimed" : "not claimed",
                                    "distribution " + distribution.id() + ": " + text(outcome)));
                }
            }
            return steps;
        } finally {
            lock.unlock();
        }
    }

    /** How many jobs are known here that no round has paid, as far as that is known. */
    public int unpaid() throws IOException, InterruptedException {
        lock.lockInterruptibly();
        try {
            var settled = settled().orElse(Set.of());
            return (int) works.keySet().stream().filter(job -> !settled.contains(job)).count();
        } finally {
            lock.unlock();
        }
    }

    /** The open round. */
    public Round round() throws IOException, InterruptedException {
        return ledger.round();
    }

    private static String text(SmartnodesOutcome outcome) {
        return switch (outcome) {
            case Done(_, long gas, _) -> gas + " gas";
            case SmartnodesOutcome.Refused(var error) -> error;
            case Withheld(var why) -> why;
            case SmartnodesOutcome.VotedAgainst(var ballot) -> ballot.fault() + ": " + ballot.why();
        };
    }

    @Override
    public void close() {
        if (keeping != null) {
            keeping.interrupt();
        }
        party.host().unhandle(party.protocols().round());
        lock.lock();
        try {
            journal.close();
        } catch (IOException unwritten) {
            log.error("the journal of rounds cannot be closed", unwritten);
        } finally {
            lock.unlock();
        }
    }
}
