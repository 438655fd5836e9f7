package tensorlink.jobs.data;

import java.nio.ByteBuffer;
import java.util.Arrays;
import tensorlink.compute.Digest;

/**
 * Examples to learn from or to be judged by, numbered from 0. Safe for use by any thread.
 *
 * @param <B> how a model takes several of them at once
 */
public interface Examples<B> {

    int size();

    /** Those of the given numbers, at least one, in that order. */
    B batch(int... picked);

    /** How many tokens each has; 0 where they are not made of tokens. */
    default int tokensOfEach() {
        return 0;
    }

    /** Names the examples: other examples, or another order of them, have another digest. */
    Digest digest();

    /** Those of the given numbers, numbered anew. */
    default Examples<B> subset(int... picked) {
        return new Subset<>(this, picked);
    }

    /** So many of them, from the first on in equal steps; all, if there are no more. */
    default Examples<B> evenly(int count) {
        if (count < 1) {
            throw new IllegalArgumentException(count + " examples, at least 1");
        }
        if (count >= size()) {
            return this;
        }
        var picked = new int[count];
        for (int i = 0; i < count; i++) {
            picked[i] = (int) ((long) size() * i / count);
        }
        return subset(picked);
    }

    /**
     * The first ones to learn from, the last to judge by: for a text, whose neighbours are alike.
     *
     * @param heldOut the share to judge by, from 0 to 1; rounded to the nearest example
     */
    default Split<B> split(double heldOut) {
        return split(heldOut, Order.of(size()));
    }

    /** As above, by lot: for examples that lie in the order of their class. */
    default Split<B> split(double heldOut, Shuffle lot) {
        return split(heldOut, lot.order(size(), 0));
    }

    private Split<B> split(double heldOut, int[] order) {
        if (!(heldOut >= 0) || heldOut > 1) {
            throw new IllegalArgumentException("a share of " + heldOut + ", expected 0 to 1");
        }
        int cut = size() - (int) Math.rint(size() * heldOut);
        return new Split<>(
                subset(Arrays.copyOf(order, cut)), subset(Arrays.copyOfRange(order, cut, size())));
    }

    /** Two parts without a common example. */
    record Split<B>(Examples<B> training, Examples<B> heldOut) {}

    /** The order in which examples lie. */
    final class Order {
        private Order() {}

        static int[] of(int size) {
            var order = new int[size];
            Arrays.setAll(order, i -> i);
            return order;
        }
    }

    /** Some of others. */
    final class Subset<B> implements Examples<B> {
        private final Examples<B> all;
        private final int[] picked;

        private Subset(Examples<B> all, int[] picked) {
            this.all = all;
            this.picked = picked.clone();
            for (int index : picked) {
                if (index < 0 || index >= all.size()) {
                    throw new IndexOutOfBoundsException("example " + index + " of " + all.size());
                }
            }
        }

        @Override
        public int size() {
            return picked.length;
        }

        @Override
        public B batch(int... wanted) {
            var theirs = new int[wanted.length];
            Arrays.setAll(theirs, i -> picked[wanted[i]]);
            return all.batch(theirs);
        }

        @Override
        public int tokensOfEach() {
            return all.tokensOfEach();
        }

        @Override
        public Digest digest() {
            var bytes = ByteBuffer.allocate(Digest.BYTES + Integer.BYTES * picked.length);
            bytes.put(all.digest().bytes());
            for (int index : picked) {
                bytes.putInt(index);
            }
            return Digest.of(bytes.array());
        }
    }
}
