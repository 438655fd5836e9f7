package tensorlink.ledger.smartnodes;

import com.google.protobuf.ByteString;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import tensorlink.ledger.Account;
import tensorlink.ledger.Bytes32;
import tensorlink.ledger.smartnodes.Ballot.Against;
import tensorlink.ledger.smartnodes.Ballot.Fault;
import tensorlink.ledger.smartnodes.Ballot.For;

/**
 * A round as a validator has seen it itself: makes its own proposal, and judges those of others.
 *
 * <p>A proposal is recomputed from one's own receipts, whole. Only the order of a list is left to
 * the proposer, since the contracts give it no meaning.
 */
public final class Books {
    private static final Comparator<Account> ORDER =
            Comparator.comparing(Account::bytes, ByteString.unsignedLexicographicalComparator());

    private final Distribution distribution;
    private final Set<Bytes32> jobs = new LinkedHashSet<>();
    private final Set<Account> removed;

    /**
     * @param id of the next distribution
     * @param receipts of the round; a job's time may be split over several
     * @param removed validators that have not been heard of
     */
    public Books(BigInteger id, List<WorkReceipt> receipts, Set<Account> removed) {
        var capacities = new TreeMap<Account, BigInteger>(ORDER);
        for (var receipt : receipts) {
            jobs.add(receipt.job());
            if (receipt.capacity().signum() > 0) {
                capacities.merge(receipt.worker(), receipt.capacity(), BigInteger::add);
            }
        }
        var shares = new ArrayList<Share>();
        capacities.forEach((worker, capacity) -> shares.add(new Share(worker, capacity)));
        this.distribution = new Distribution(id, shares);
        this.removed = Set.copyOf(removed);
    }

    /** Who has earned what, in the order of the accounts. */
    public Distribution distribution() {
        return distribution;
    }

    /** What this validator would propose. */
    public Proposal proposal() {
        return Proposal.of(
                distribution, removed.stream().sorted(ORDER).toList(), List.copyOf(jobs));
    }

    /**
     * A proposal as its proposer tells it beside the chain.
     *
     * @param number in the round, from 1
     */
    public record Told(int number, Proposal proposal, Distribution distribution) {}

    /**
     * How to vote on a proposal.
     *
     * @param asked the hash that the chain has under the proposal's number
     */
    public Ballot judge(Profile profile, Bytes32 asked, Told told) {
        var theirs = told.proposal;
        var hash = theirs.hash(profile, told.number);
        if (!hash.equals(asked)) {
            return against(Fault.HASH, hash, asked);
        }
        if (!told.distribution.id().equals(distribution.id())) {
            return against(Fault.DISTRIBUTION, told.distribution.id(), distribution.id());
        }
        if (!isOnce(theirs.jobs(), jobs)) {
            return against(Fault.JOBS, theirs.jobs().size(), jobs.size());
        }
        if (!isOnce(theirs.removed(), removed)) {
            return against(Fault.REMOVED, theirs.removed(), removed);
        }
        return shares(told.distribution)
                .or(() -> sums(theirs, told.distribution))
                .orElseGet(For::new);
    }

    private Optional<Ballot> shares(Distribution told) {
        var theirs = capacities(told);
        var ours = capacities(distribution);
        if (!theirs.keySet().equals(ours.keySet())) {
            return Optional.of(against(Fault.WORKERS, theirs.size(), ours.size()));
        }
        for (var worker : ours.entrySet()) {
            var capacity = theirs.get(worker.getKey());
            if (!worker.getValue().equals(capacity)) {
                var whose = worker.getKey() + " ";
                return Optional.of(against(Fault.CAPACITIES, whose + capacity, worker.getValue()));
            }
        }
        return Optional.empty();
    }

    /** Checks the proposal against shares that are right, in the proposer's order. */
    private static Optional<Ballot> sums(Proposal theirs, Distribution told) {
        if (!theirs.totalCapacity().equals(told.total())) {
            return Optional.of(against(Fault.TOTAL, theirs.totalCapacity(), told.total()));
        }
        if (!theirs.root().equals(told.root())) {
            return Optional.of(against(Fault.ROOT, theirs.root(), told.root()));
        }
        if (!theirs.workersHash().equals(told.workersHash())) {
            return Optional.of(against(Fault.LISTS, theirs.workersHash(), told.workersHash()));
        }
        if (!theirs.capacitiesHash().equals(told.capacitiesHash())) {
            return Optional.of(
                    against(Fault.LISTS, theirs.capacitiesHash(), told.capacitiesHash()));
        }
        return Optional.empty();
    }

    private static Map<Account, BigInteger> capacities(Distribution distribution) {
        var capacities = new TreeMap<Account, BigInteger>(ORDER);
        for (var share : distribution.shares()) {
            capacities.put(share.worker(), share.capacity());
        }
        return capacities;
    }

    /** Whether {@code list} names all of {@code expected}, each once, and nothing else. */
    private static <T> boolean isOnce(List<T> list, Set<T> expected) {
        return list.size() == expected.size() && new HashSet<>(list).equals(expected);
    }

    private static Against against(Fault fault, Object theirs, Object ours) {
        return new Against(fault, "proposed " + theirs + ", our books say " + ours);
    }
}
