package tensorlink.ledger.smartnodes;

import com.google.protobuf.ByteString;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import tensorlink.ledger.Account;
import tensorlink.ledger.Bytes32;

/**
 * Who is paid how much of a round's rewards: the leaves of the tree that claims are proven against.
 *
 * <p>A leaf is {@code keccak256(abi.encode(worker, capacity, id))}. A node hashes the smaller child
 * before the larger; the last of an odd level is hashed with itself. That is the contracts' rule,
 * and weaker than our own ledger's ({@link tensorlink.ledger.merkle.MerkleTree}).
 *
 * @param id the token's count of distributions once this one is made
 * @param shares one for each worker, in the order of the leaves
 */
public record Distribution(BigInteger id, List<Share> shares) {
    /** In one round; one more is not encoded, hashed or believed. */
    public static final int SHARES_MAX = 4_096;

    private static final Bytes32 NOBODY = Bytes32.ZERO;

    public Distribution {
        shares = List.copyOf(shares);
        if (id.signum() <= 0 || id.bitLength() > 256) {
            throw new IllegalArgumentException(
                    "distribution id is not from 1 to 2^256-1: " + id.bitLength() + " bits");
        }
        if (shares.size() > SHARES_MAX) {
            throw new IllegalArgumentException(shares.size() + " shares, at most " + SHARES_MAX);
        }
        var workers = new HashSet<Account>();
        for (var share : shares) {
            if (!workers.add(share.worker())) {
                throw new IllegalArgumentException(
                        "two shares of " + share.worker() + ": only one could be claimed");
            }
        }
    }

    /** What the contract divides the pool by, when it is told the truth: the sum of all shares. */
    public BigInteger total() {
        return shares.stream().map(Share::capacity).reduce(BigInteger.ZERO, BigInteger::add);
    }

    public Bytes32 workersHash() {
        return keccak(AbiValue.accounts(shares.stream().map(Share::worker).toList()));
    }

    public Bytes32 capacitiesHash() {
        return keccak(AbiValue.numbers(shares.stream().map(Share::capacity).toList()));
    }

    private static Bytes32 keccak(AbiValue list) {
        return Bytes32.keccak(AbiValue.encode(list));
    }

    /** 32 zeros when nobody has earned anything. */
    public Bytes32 root() {
        var top = levels().getLast();
        return top.isEmpty() ? NOBODY : top.getFirst();
    }

    /** The share of {@code worker}, and what leads from its leaf to the root, lowest first. */
    public Optional<Claim> claim(Account worker) {
        for (int i = 0; i < shares.size(); i++) {
            if (shares.get(i).worker().equals(worker)) {
                return Optional.of(new Claim(id, shares.get(i), proof(i)));
            }
        }
        return Optional.empty();
    }

    /** What a worker shows the contract to be paid. */
    public record Claim(BigInteger distribution, Share share, List<Bytes32> proof) {
        public Claim {
            proof = List.copyOf(proof);
        }

        /** Whether the proof leads to {@code root}. */
        public boolean leadsTo(Bytes32 root) {
            var node = leaf(share, distribution);
            for (var partner : proof) {
                node = node(node, partner);
            }
            return node.equals(root);
        }
    }

    private List<Bytes32> proof(int leaf) {
        var proof = new ArrayList<Bytes32>();
        int at = leaf;
        var levels = levels();
        for (var level : levels.subList(0, levels.size() - 1)) {
            proof.add(level.get(Math.min(at ^ 1, level.size() - 1)));
            at /= 2;
        }
        return proof;
    }

    private List<List<Bytes32>> levels() {
        var levels = new ArrayList<List<Bytes32>>();
        levels.add(shares.stream().map(share -> leaf(share, id)).toList());
        while (levels.getLast().size() > 1) {
            var below = levels.getLast();
            var level = new ArrayList<Bytes32>();
            for (int i = 0; i < below.size(); i += 2) {
                level.add(node(below.get(i), below.get(Math.min(i + 1, below.size() - 1))));
            }
            levels.add(level);
        }
        return levels;
    }

    static Bytes32 leaf(Share share, BigInteger distribution) {
        return Bytes32.keccak(
                AbiValue.encode(
                        AbiValue.account(share.worker()),
                        AbiValue.number(share.capacity()),
                        AbiValue.number(distribution)));
    }

    private static Bytes32 node(Bytes32 a, Bytes32 b) {
        var order = ByteString.unsignedLexicographicalComparator();
        return order.compare(a.bytes(), b.bytes()) <= 0
                ? Bytes32.keccak(a.bytes().concat(b.bytes()))
                : Bytes32.keccak(b.bytes().concat(a.bytes()));
    }
}
