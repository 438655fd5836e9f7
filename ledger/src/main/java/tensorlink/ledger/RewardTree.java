package tensorlink.ledger;

import com.google.protobuf.ByteString;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import tensorlink.ledger.eip712.Keccak;
import tensorlink.ledger.merkle.MerkleTree;

/**
 * What every account has earned in rewards since the beginning, and the proofs with which each can
 * claim it. Everyone who knows the same sums makes the same tree, so validators can check a root
 * before they sign it.
 *
 * <p>A leaf is {@code keccak(keccak(abi.encode(account, total)))}, hashed twice so that no inner
 * node can pass for one; leaves come in the order of their accounts, each once.
 */
public final class RewardTree {
    private static final Comparator<Account> BY_BYTES =
            Comparator.comparing(Account::bytes, ByteString.unsignedLexicographicalComparator());

    private static final int WORD = 32;

    private final Map<Account, Amount> totals;
    private final List<Account> accounts;
    private final MerkleTree tree;

    private RewardTree(Map<Account, Amount> totals) {
        this.totals = totals;
        this.accounts = List.copyOf(totals.keySet());
        var leaves = new ArrayList<ByteString>();
        totals.forEach((account, total) -> leaves.add(leaf(account, total)));
        this.tree = MerkleTree.of(leaves);
    }

    /**
     * The tree of these sums since the beginning.
     *
     * @throws AmountOverflowException when they add up to 2<sup>128</sup> or more
     */
    public static RewardTree of(Map<Account, Amount> totals) {
        var sorted = new TreeMap<Account, Amount>(BY_BYTES);
        sorted.putAll(totals);
        return new RewardTree(sorted);
    }

    /** What validators sign for {@code epoch}. */
    public RewardRoot root(long epoch) {
        var total = Amount.ZERO;
        var leaves = ByteString.EMPTY;
        for (var leaf : totals.entrySet()) {
            total = total.plus(leaf.getValue());
            leaves = leaves.concat(leaf.getKey().bytes()).concat(leaf.getValue().encode());
        }
        return new RewardRoot(epoch, new Bytes32(tree.root()), total, Bytes32.keccak(leaves));
    }

    /** What {@code account} has earned; zero when it is not in the tree. */
    public Amount total(Account account) {
        return totals.getOrDefault(account, Amount.ZERO);
    }

    /**
     * What leads from {@code account}'s leaf to the root.
     *
     * @throws IllegalArgumentException when it has none
     */
    public List<Bytes32> proof(Account account) {
        int index = accounts.indexOf(account);
        if (index < 0) {
            throw new IllegalArgumentException(account + " has earned nothing");
        }
        return tree.proof(index).stream().map(Bytes32::new).toList();
    }

    /** Whether {@code proof} shows that {@code account} earned {@code total} by {@code root}. */
    public static boolean proves(Account account, Amount total, List<Bytes32> proof, Bytes32 root) {
        var hashes = proof.stream().map(Bytes32::bytes).toList();
        return MerkleTree.leads(leaf(account, total), hashes, root.bytes());
    }

    private static ByteString leaf(Account account, Amount total) {
        return Keccak.hash(Keccak.hash(padded(account.bytes()), padded(total.encode())));
    }

    /** As {@code abi.encode} writes a number or an address: on the right of a word. */
    private static ByteString padded(ByteString bytes) {
        return ByteString.copyFrom(new byte[WORD - bytes.size()]).concat(bytes);
    }
}
