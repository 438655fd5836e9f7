package tensorlink.ledger.merkle;

import com.google.protobuf.ByteString;
import java.util.ArrayList;
import java.util.List;
import tensorlink.ledger.eip712.Keccak;

/** A Merkle tree over a list of leaves, all levels kept. */
public final class MerkleTree {
    /** The root of no leaves. */
    private static final ByteString EMPTY = ByteString.copyFrom(new byte[Keccak.BYTES]);

    private final List<List<ByteString>> levels;

    private MerkleTree(List<List<ByteString>> levels) {
        this.levels = levels;
    }

    /**
     * The tree over {@code leaves}, 32 bytes each. Without a partner a node rises to the next level
     * as it is: hashed with itself, it could be proven twice.
     */
    public static MerkleTree of(List<ByteString> leaves) {
        var levels = new ArrayList<List<ByteString>>();
        levels.add(List.copyOf(leaves));
        while (levels.getLast().size() > 1) {
            var below = levels.getLast();
            var level = new ArrayList<ByteString>();
            for (int i = 0; i + 1 < below.size(); i += 2) {
                level.add(node(below.get(i), below.get(i + 1)));
            }
            if (below.size() % 2 == 1) {
                level.add(below.getLast());
            }
            levels.add(level);
        }
        return new MerkleTree(levels);
    }

    /** 32 zeros when there is no leaf. */
    public ByteString root() {
        var top = levels.getLast();
        return top.isEmpty() ? EMPTY : top.getFirst();
    }

    /** What leads from the leaf at {@code index} to the root, lowest first. */
    public List<ByteString> proof(int index) {
        var proof = new ArrayList<ByteString>();
        int at = index;
        for (var level : levels.subList(0, levels.size() - 1)) {
            int partner = at ^ 1;
            if (partner < level.size()) {
                proof.add(level.get(partner));
            }
            at /= 2;
        }
        return proof;
    }

    /** Whether {@code proof} leads from {@code leaf} to {@code root}. */
    public static boolean leads(ByteString leaf, List<ByteString> proof, ByteString root) {
        var node = leaf;
        for (var partner : proof) {
            node = node(node, partner);
        }
        return node.equals(root);
    }

    private static ByteString node(ByteString a, ByteString b) {
        return ByteString.unsignedLexicographicalComparator().compare(a, b) <= 0
                ? Keccak.hash(a, b)
                : Keccak.hash(b, a);
    }
}
