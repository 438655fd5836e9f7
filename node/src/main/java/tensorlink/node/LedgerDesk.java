package tensorlink.node;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import tensorlink.ledger.Account;
import tensorlink.ledger.AccountKey;
import tensorlink.ledger.Amount;
import tensorlink.ledger.Bytes32;
import tensorlink.ledger.Cursor;
import tensorlink.ledger.Endorsement;
import tensorlink.ledger.FullLedger;
import tensorlink.ledger.Funding;
import tensorlink.ledger.Issuance;
import tensorlink.ledger.JobClosing;
import tensorlink.ledger.JobEnd;
import tensorlink.ledger.LedgerEvent;
import tensorlink.ledger.LedgerTerms.Seats;
import tensorlink.ledger.Outcome;
import tensorlink.ledger.RewardTree;
import tensorlink.ledger.Stake;

/** What the operator of a node that keeps the network's ledger does on it, in the node's name. */
public final class LedgerDesk {
    private final FullLedger ledger;
    private final AccountKey account;
    private final Path votes;

    /**
     * @param votes the folder that remembers which root was signed for an epoch
     */
    LedgerDesk(FullLedger ledger, AccountKey account, Path votes) {
        this.ledger = ledger;
        this.account = account;
        this.votes = votes;
    }

    public FullLedger ledger() {
        return ledger;
    }

    public Account account() {
        return account.account();
    }

    /** All events since the beginning. */
    public List<LedgerEvent> events() throws IOException, InterruptedException {
        var events = new ArrayList<LedgerEvent>();
        ledger.events(Cursor.START, events::add);
        return events;
    }

    /** Ends a job on the ledger as cancelled; this node must be its payer or notary. */
    public Outcome cancel(Bytes32 job) throws IOException, InterruptedException {
        var closing = new JobClosing(job, JobEnd.CANCELLED, Bytes32.ZERO, account());
        return ledger.closeJob(account.sign(ledger.info().domain(), closing));
    }

    /** Grants an account so much in all; this node must be the issuer. */
    public Outcome issue(Account to, Amount cumulative) throws IOException, InterruptedException {
        var issuance = new Issuance(account(), to, cumulative);
        return ledger.issue(account.sign(ledger.info().domain(), issuance));
    }

    /** Moves credits into the reward pool, so much in all. */
    public Outcome fund(Amount cumulative) throws IOException, InterruptedException {
        var funding = new Funding(account(), cumulative);
        return ledger.fund(account.sign(ledger.info().domain(), funding));
    }

    /** Moves credits into collateral, so much in all. */
    public Outcome stake(Amount cumulative) throws IOException, InterruptedException {
        var stake = new Stake(account(), cumulative);
        return ledger.stake(account.sign(ledger.info().domain(), stake));
    }

    /** Claims what this node has earned by a list of all that was. */
    public Outcome claim(Map<Account, Amount> earned) throws IOException, InterruptedException {
        var tree = RewardTree.of(earned);
        if (tree.total(account()).isZero()) {
            return new Outcome.NoChange();
        }
        return ledger.claim(account(), tree.total(account()), tree.proof(account()));
    }

    /**
     * What has come of a vote.
     *
     * @param needed how many votes it takes
     * @param outcome of posting; {@code NoChange} while votes are missing
     */
    public record Vote(Endorsement own, RewardTree tree, int needed, Outcome outcome) {}

    /**
     * Signs the root of a list for an epoch, and posts it when there are votes enough. A second
     * root for one epoch is never signed: it would be proof of a lie.
     *
     * @param others votes of other validators for the same root
     * @throws IOException when another root was signed for the epoch
     */
    public Vote vote(long epoch, Map<Account, Amount> earned, List<Endorsement> others)
            throws IOException, InterruptedException {
        var tree = RewardTree.of(earned);
        var root = tree.root(epoch);
        var digest = root.digest(ledger.info().domain());
        remember(epoch, digest);
        var own = new Endorsement(account(), account.sign(digest));
        var all = new ArrayList<>(others);
        all.removeIf(vote -> vote.validator().equals(account()));
        all.add(own);
        int needed = Seats.quorum(ledger.validators().size());
        var outcome = all.size() < needed ? new Outcome.NoChange() : ledger.postRoot(root, all);
        return new Vote(own, tree, needed, outcome);
    }

    /** On disk before anything is signed: whoever forgets it could be made to lie. */
    private void remember(long epoch, Bytes32 digest) throws IOException {
        Files.createDirectories(votes);
        var file = votes.resolve(Long.toString(epoch));
        try (var out =
                FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            out.write(ByteBuffer.wrap(digest.toString().getBytes(StandardCharsets.US_ASCII)));
            out.force(true);
        } catch (FileAlreadyExistsException before) {
            var signed = Files.readString(file, StandardCharsets.US_ASCII);
            if (!signed.equals(digest.toString())) {
                throw new IOException(
                        "another root was signed for epoch "
                                + epoch
                                + ": two would be proof of a lie and cost the collateral\n"
                                + "  try: the next epoch");
            }
        }
    }
}
