package tensorlink.jobs.pipeline;

import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.IntStream;
import tensorlink.compute.Stage;
import tensorlink.compute.tensor.DType;
import tensorlink.compute.tensor.Shape;
import tensorlink.compute.tensor.Tensor;
import tensorlink.jobs.job.JobException;
import tensorlink.jobs.job.Problem;
import tensorlink.jobs.message.TensorFrame;
import tensorlink.p2p.core.ProtocolViolation;

/**
 * Gives every replica of a stage the sum of what they have accumulated, of which each takes its
 * part: of the gradients as one row of numbers, the replica {@code r} of {@code n} owns the {@code
 * r}-th of {@code n} shards. It is sent what the others have there, adds that up in the order of
 * replicas, itself among them, and sends the sum back: so the bits are those of one adder, and each
 * replica sends {@code 2 (n - 1) / n} of the gradients' bytes, which is the least there is (a
 * reduce-scatter and an all-gather).
 *
 * <p>That goes in rounds, a piece of every shard in each. Parts are sent a round ahead of what is
 * waited for, so that adding and sending overlap; a neighbour that is not waited for gets no
 * further than two rounds ahead. So what waits here takes no more than {@value #NUMBERS_WAITING}
 * numbers, however many replicas and gradients there are. Sums take the place of what was sent, in
 * the stage.
 *
 * <p>{@link #sum} is for one thread, {@link #received} for a reader per neighbour.
 */
final class ReplicaSum {
    private static final int FRAMES_WAITING = 3; // of a kind, from each of the others
    private static final int NUMBERS_WAITING = (2 * FRAMES_WAITING) << 18;

    private final int replica;
    private final int replicas;
    private final int atOnce;
    private final SortedMap<Integer, Neighbour> others = new TreeMap<>();

    private record Neighbour(
            Outbox outbox,
            Inbox<TensorFrame.GradientPart> parts,
            Inbox<TensorFrame.GradientSum> sums) {}

    /**
     * @param replica whose sum this is
     * @param outboxes to all others
     */
    ReplicaSum(int replica, Map<Integer, Outbox> outboxes) {
        this.replica = replica;
        this.replicas = outboxes.size() + 1;
        this.atOnce = numbersAtOnce(replicas);
        outboxes.forEach((other, outbox) ->
                others.put(
                        other,
                        new Neighbour(
                                outbox,
                                new Inbox<>(FRAMES_WAITING, TensorFrame::close),
                                new Inbox<>(FRAMES_WAITING, TensorFrame::close))));
    }

    static int numbersAtOnce(int replicas) {
        return NUMBERS_WAITING / (2 * FRAMES_WAITING) / Math.max(1, replicas - 1);
    }

    /** Queues another replica's part of the own shard. */
    void received(int from, TensorFrame.GradientPart part)
            throws JobException, InterruptedException {
        neighbour(from).parts().put(part);
    }

    /** Queues the sum of another replica's shard. */
    void received(int from, TensorFrame.GradientSum sum) throws JobException, InterruptedException {
        neighbour(from).sums().put(sum);
    }

    private Neighbour neighbour(int other) {
        var neighbour = others.get(other);
        if (neighbour == null) {
            throw new IllegalArgumentException("replica " + other + " of " + replicas);
        }
        return neighbour;
    }

    /**
     * Puts the sum over all replicas into the stage; alone there is nothing to do.
     *
     * @throws ProtocolViolation when another replica sends anything but its part of this step
     */
    void sum(long step, Stage stage) throws JobException, ProtocolViolation, InterruptedException {
        if (others.isEmpty()) {
            return;
        }
        long numbers = stage.beginSum();
        long largest =
                IntStream.range(0, replicas).mapToLong(r -> size(numbers, r)).max().orElse(0);
        int rounds = Math.toIntExact(Math.ceilDiv(largest, (long) atOnce));
        for (int round = 0; round <= rounds; round++) {
            if (round < rounds) {
                sendParts(new Round(step, round, numbers), stage);
            }
            if (round > 0) {
                var due = new Round(step, round - 1, numbers);
                sumOwn(due, stage);
                takeSums(due, stage);
            }
        }
    }

    /** A piece of every shard of a step's gradients. */
    private record Round(long step, int number, long numbers) {}

    /** Where a piece lies in the row; empty where its shard has ended before. */
    private record Piece(long first, int count) {}

    private Piece piece(Round round, int shard) {
        long at = Math.min((long) round.number() * atOnce, size(round.numbers(), shard));
        return new Piece(
                begin(round.numbers(), shard) + at,
                (int) Math.min(atOnce, size(round.numbers(), shard) - at));
    }

    private long begin(long numbers, int shard) {
        return Math.multiplyExact(numbers, (long) shard) / replicas;
    }

    private long size(long numbers, int shard) {
        return begin(numbers, shard + 1) - begin(numbers, shard);
    }

    private void sendParts(Round round, Stage stage) throws JobException, InterruptedException {
        for (var other : others.entrySet()) {
            var piece = piece(round, other.getKey());
            if (piece.count() > 0) {
                var part = stage.readSum(piece.first(), piece.count());
                other.getValue()
                        .outbox()
                        .send(new TensorFrame.GradientPart(round.step(), round.number(), part));
            }
        }
    }

    private void sumOwn(Round round, Stage stage)
            throws JobException, ProtocolViolation, InterruptedException {
        var piece = piece(round, replica);
        if (piece.count() == 0) {
            return;
        }
        var sum = part(0, round, piece, stage);
        try {
            for (int other = 1; other < replicas; other++) {
                try (var part = part(other, round, piece, stage)) {
                    sum.add(part);
                }
            }
            for (var other : others.values()) {
                other.outbox()
                        .send(
                                new TensorFrame.GradientSum(
                                        round.step(), round.number(), sum.rows(0, piece.count())));
            }
        } catch (JobException
                | ProtocolViolation
                | InterruptedException
                | RuntimeException failed) {
            sum.close();
            throw failed;
        }
        stage.writeSum(piece.first(), sum);
    }

    /** What a replica has accumulated of the own shard. */
    private Tensor part(int of, Round round, Piece piece, Stage stage)
            throws JobException, ProtocolViolation, InterruptedException {
        return of == replica
                ? stage.readSum(piece.first(), piece.count())
                : checked(of, neighbour(of).parts().take(), round, piece);
    }

    private void takeSums(Round round, Stage stage)
            throws JobException, ProtocolViolation, InterruptedException {
        for (var other : others.entrySet()) {
            int from = other.getKey();
            var piece = piece(round, from);
            if (piece.count() > 0) {
                var sum = checked(from, other.getValue().sums().take(), round, piece);
                stage.writeSum(piece.first(), sum);
            }
        }
    }

    private static Tensor checked(int from, TensorFrame frame, Round round, Piece piece)
            throws ProtocolViolation {
        var tensor = frame.tensor();
        if (frame.batch() != round.step()
                || frame.microBatch() != round.number()
                || tensor == null
                || tensor.dtype() != DType.F32
                || !tensor.shape().equals(Shape.of(piece.count()))) {
            frame.close();
            throw new ProtocolViolation(
                    "replica "
                            + from
                            + ": "
                            + frame.getClass().getSimpleName()
                            + " of "
                            + tensor
                            + " for round "
                            + frame.microBatch()
                            + " of step "
                            + frame.batch()
                            + ", expected F32 ["
                            + piece.count()
                            + "] for round "
                            + round.number()
                            + " of step "
                            + round.step());
        }
        return tensor;
    }

    void fail(Problem reason) {
        for (var other : others.values()) {
            other.parts().fail(reason);
            other.sums().fail(reason);
        }
    }
}
