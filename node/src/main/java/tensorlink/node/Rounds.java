package tensorlink.node;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
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
import tensorlink.ledger.smartnodes.Proposal;
import tensorlink.ledger.smartnodes.Round;
import tensorlink.ledger.smartnodes.SmartnodesEvent.Change;
import tensorlink.ledger.smartnodes.SmartnodesLedger;
import tensorlink.ledger.smartnodes.SmartnodesOutcome;
import tensorlink.ledger.smartnodes.SmartnodesOutcome.Done;
import tensorlink.ledger.smartnodes.SmartnodesOutcome.Withheld;
import tensorlink.ledger.smartnodes.StandingProposal;
import tensorlink.node.wire.RoundItem;
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

    private static final int PAGES_MAX = 1_024;
    private static final int VALIDATORS_ASKED_MAX = 20;
    private static final Duration ANSWER_TIMEOUT = Duration.ofSeconds(10);
    private static final Logger log = LoggerFactory.getLogger(Rounds.class);

    private final Party party;
    private final SmartnodesLedger ledger;
    private final Registry registry;
    private final Directory directory;
    private final @Nullable Validator validator;
    private final Path draft;
    private @Nullable Thread keeping;

    /** Guards what follows. */
    private final ReentrantLock lock = new ReentrantLock();

    private final RoundBook book;

    /** How far the journals of others were read. */
    private final Map<PeerId, RoundPage.Wanted> read = new HashMap<>();

    private final Map<Bytes32, Instant> standingSince = new HashMap<>();
    private final Set<Bytes32> voted = new HashSet<>();
    private Cursor events = Cursor.START;

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
        this.draft = folder.resolve("proposal");
        this.book = new RoundBook(folder.resolve("rounds.log"), party.seals(), ledger.profile());
        if (validator != null) {
            party.host().handle(party.protocols().round(), this::serve);
        }
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
                for (var work : validator.works(job -> book.knows(job.word(), me))) {
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
        for (int pages = 0; pages < PAGES_MAX; pages++) {
            var page = ask(other, read.getOrDefault(other, new RoundPage.Wanted(0, 0)));
            for (var item : page.items()) {
                try {
                    taken += take(other, item) ? 1 : 0;
                } catch (ProtocolViolation | SealException | IllegalArgumentException wrong) {
                    steps.add(
                            new Step(
                                    "not believed", other.shortText() + ": " + wrong.getMessage()));
                }
            }
            read.put(other, page.next());
            if (!page.more() || page.items().isEmpty()) {
                break;
            }
        }
        return taken;
    }

    private RoundPage ask(PeerId other, RoundPage.Wanted wanted)
            throws IOException, InterruptedException {
        try (var stream = party.host().open(other, party.protocols().round())) {
            stream.timeout(ANSWER_TIMEOUT);
            stream.writeMessage(wanted.encode());
            stream.closeWrite();
            return RoundPage.decode(stream.readMessage(RoundPage.BYTES_MAX));
        }
    }

    private void serve(Stream stream) throws IOException, InterruptedException {
        stream.timeout(ANSWER_TIMEOUT);
        var wanted = RoundPage.Wanted.decode(stream.readMessage(RoundPage.Wanted.BYTES_MAX));
        stream.writeMessage(page(wanted).encode());
    }

    /** A copy, so that nobody who reads slowly keeps others waiting. */
    private RoundPage page(RoundPage.Wanted wanted) {
        lock.lock();
        try {
            return book.page(wanted);
        } finally {
            lock.unlock();
        }
    }

    /**
     * Keeps an item if it is new.
     *
     * @throws IllegalArgumentException naming what does not hold
     */
    private boolean take(PeerId from, RoundItem item) throws IOException, InterruptedException {
        return switch (item.getKindCase()) {
            case WORK -> take(party.seals().openWork(item.getWork()));
            case TOLD -> take(from, Told.decode(item.getTold()));
            case KIND_NOT_SET -> throw new ProtocolViolation("round: an item of no known kind");
        };
    }

    private boolean take(Sealed<WorkStatement> work) throws IOException, InterruptedException {
        if (book.knows(work.content().job().word(), work.signer())) {
            return false;
        }
        if (!registry.isValidator(work.signer())) {
            throw new IllegalArgumentException(
                    "work: " + work.signer().shortText() + " is not registered");
        }
        work.content().check(party.domain(), party.scheduler().now());
        book.add(work);
        return true;
    }

    private boolean take(PeerId from, Told proposal) throws IOException, InterruptedException {
        if (book.knows(proposal)) {
            return false;
        }
        if (!book.isExecuted(proposal) && !book.stands(proposal, standing())) {
            throw new IllegalArgumentException(
                    "told proposal: the chain knows none with this hash, which "
                            + from.shortText()
                            + " tells");
        }
        book.add(proposal);
        return true;
    }

    private void hearExecutions() throws IOException, InterruptedException {
        events =
                ledger.events(
                        events,
                        event -> {
                            if (event.change()
                                    instanceof Change.ProposalExecuted(int number, var hash)) {
                                book.executed(hash, number);
                            }
                        });
    }

    // Rounds.

    /** What follows from all that is known of jobs that were complete by then. */
    public Books books(Instant until) throws IOException, InterruptedException {
        lock.lockInterruptibly();
        try {
            hearExecutions();
            return new Books(ledger.nextDistribution(), book.owed(until), Set.of());
        } finally {
            lock.unlock();
        }
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
        var contents = book.told(standing.hash(), standing.number());
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
                var contents = book.told(standing.hash(), standing.number());
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
            for (var round : book.rounds().entrySet()) {
                var contents = round.getValue();
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
            return book.unpaid();
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
            book.close();
        } catch (IOException unwritten) {
            log.error("the journal of rounds cannot be closed", unwritten);
        } finally {
            lock.unlock();
        }
    }
}
