package tensorlink.node;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tensorlink.jobs.job.JobId;
import tensorlink.jobs.validator.Validator;
import tensorlink.ledger.Bytes32;
import tensorlink.ledger.Cursor;
import tensorlink.ledger.smartnodes.Books;
import tensorlink.ledger.smartnodes.Distribution;
import tensorlink.ledger.smartnodes.JobRequest;
import tensorlink.ledger.smartnodes.SmartnodesEvent.Change;
import tensorlink.ledger.smartnodes.SmartnodesLedger;
import tensorlink.ledger.smartnodes.SmartnodesOutcome;
import tensorlink.ledger.smartnodes.SmartnodesOutcome.Done;
import tensorlink.ledger.smartnodes.WorkReceipt;

/**
 * What the operator of a node does on the Smartnodes contracts of its network, in the node's name.
 *
 * <p>A validator's books are its own: the jobs that it watched to their good end, each with the
 * workers that gave it receipts, since the last round that it had a part in. It proposes what they
 * say and votes for nothing else. A proposal of jobs that others watched is therefore refused;
 * validators do not exchange receipts yet.
 */
public final class SmartnodesDesk {
    private static final String VOTED = ".voted";
    private static final String EXECUTED = ".executed";
    private static final int NETWORK_CHARACTERS_MAX = 64;

    private final SmartnodesLedger ledger;
    private final Bytes32 node;
    private final String network;
    private final @Nullable Validator validator;
    private final Path votes;

    /**
     * @param node the hash that this node is registered with
     * @param validator of this node, if it is one
     * @param votes the folder that remembers which jobs were voted to be complete
     */
    SmartnodesDesk(
            SmartnodesLedger ledger,
            Bytes32 node,
            String network,
            @Nullable Validator validator,
            Path votes) {
        this.ledger = ledger;
        this.node = node;
        this.network = network;
        this.validator = validator;
        this.votes = votes;
    }

    /** All that the contracts can be asked for. */
    public SmartnodesLedger ledger() {
        return ledger;
    }

    /**
     * Registers this node as its account's and takes a seat among those who vote. <b>The collateral
     * never comes back.</b>
     */
    public SmartnodesOutcome registerValidator() throws IOException, InterruptedException {
        var registered = ledger.registerValidator(node);
        return registered instanceof Done ? ledger.joinRounds() : registered;
    }

    /** Registers this node's account as a user, which locks collateral that never comes back. */
    public SmartnodesOutcome registerUser() throws IOException, InterruptedException {
        return ledger.registerUser(node);
    }

    /** Puts the payment of a job aside, which cannot be taken back. */
    public SmartnodesOutcome requestJob(JobId job, List<BigInteger> capacities, BigInteger payment)
            throws IOException, InterruptedException {
        var name = network.substring(0, Math.min(network.length(), NETWORK_CHARACTERS_MAX));
        return ledger.requestJob(new JobRequest(node, job.word(), name, capacities, payment));
    }

    /** What this validator would propose now. */
    public Books books() throws IOException, InterruptedException {
        if (validator == null) {
            throw new IOException("this node does not validate");
        }
        var settled = settled();
        var receipts = new ArrayList<WorkReceipt>();
        for (var work : validator.works()) {
            if (!settled.contains(work.job().word())) {
                receipts.add(
                        new WorkReceipt(
                                work.job().word(),
                                work.worker(),
                                work.bytes(),
                                work.time().toSeconds()));
            }
        }
        return new Books(ledger.nextDistribution(), receipts, Set.of());
    }

    /** Proposes what this validator's books say, and votes for it. */
    public SmartnodesOutcome propose() throws IOException, InterruptedException {
        var books = books();
        var proposed = ledger.propose(books);
        if (proposed instanceof Done(_, _, var events)) {
            for (var event : events) {
                if (event.change() instanceof Change.ProposalCreated(int number, _, _)) {
                    return vote(
                            new Books.Told(number, books.proposal(), books.distribution()), books);
                }
            }
        }
        return proposed;
    }

    /** Votes for a proposal if it is what this validator's own books say. */
    public SmartnodesOutcome vote(Books.Told told) throws IOException, InterruptedException {
        return vote(told, books());
    }

    private SmartnodesOutcome vote(Books.Told told, Books own)
            throws IOException, InterruptedException {
        remember(told);
        return ledger.vote(told, own);
    }

    /** Does what was voted for; only whoever proposed it can. */
    public SmartnodesOutcome execute(Books.Told told) throws IOException, InterruptedException {
        return ledger.execute(told.number(), told.proposal());
    }

    /** Claims what this node's account has earned in a distribution. */
    public SmartnodesOutcome claim(Distribution distribution)
            throws IOException, InterruptedException {
        return ledger.claim(distribution);
    }

    /** Before the vote: what is executed must not be proposed again, whatever happens to us. */
    private void remember(Books.Told told) throws IOException {
        Files.createDirectories(votes);
        var hash = told.proposal().hash(ledger.profile(), told.number());
        var jobs = new ArrayList<String>();
        told.proposal().jobs().forEach(job -> jobs.add(job.toString()));
        var unfinished = votes.resolve(hash + ".new");
        Files.write(unfinished, jobs, StandardCharsets.US_ASCII);
        Files.move(
                unfinished,
                votes.resolve(hash + VOTED),
                StandardCopyOption.ATOMIC_MOVE,
                StandardCopyOption.REPLACE_EXISTING);
    }

    /** The jobs of proposals that were voted for here and executed since. */
    private Set<Bytes32> settled() throws IOException, InterruptedException {
        var settled = new HashSet<Bytes32>();
        if (!Files.isDirectory(votes)) {
            return settled;
        }
        if (!files(VOTED).isEmpty()) {
            var executed = new HashSet<Bytes32>();
            ledger.events(
                    Cursor.START,
                    event -> {
                        if (event.change() instanceof Change.ProposalExecuted(_, var hash)) {
                            executed.add(hash);
                        }
                    });
            for (var hash : executed) {
                var voted = votes.resolve(hash + VOTED);
                if (Files.exists(voted)) {
                    Files.move(voted, votes.resolve(hash + EXECUTED));
                }
            }
        }
        for (var file : files(EXECUTED)) {
            for (var job : Files.readAllLines(file, StandardCharsets.US_ASCII)) {
                settled.add(Bytes32.parse(job));
            }
        }
        return settled;
    }

    private List<Path> files(String ending) throws IOException {
        try (var all = Files.list(votes)) {
            return all.filter(file -> file.toString().endsWith(ending)).toList();
        }
    }
}
