package tensorlink.jobs.market;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import tensorlink.compute.LayerRange;
import tensorlink.compute.Speed;
import tensorlink.compute.Work;
import tensorlink.compute.schedule.Schedule;
import tensorlink.jobs.job.Grid;
import tensorlink.jobs.market.Partition.Candidate;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.PeerId;

/** A layer's forward takes a second on a worker of speed 1, its backward two, its step a half. */
class PredictionTest {
    private static final int MICRO_BATCHES = 4;
    private static final double GRADIENT_BYTES = 30;
    private static final Offset<Double> EXACT = within(1e-9);

    /** Links pass 10 bytes a second, and take a quarter of one for each message. */
    private static final Link SLOW = new Link(0.25, 10);

    private static final Link NONE = new Link(0, 1e15);

    @Test
    void one_stage_does_one_thing_after_another() {
        assertThat(predicted(1, NONE, 1).seconds(Schedule.ONE_F_ONE_B))
                .isEqualTo(MICRO_BATCHES * 3 + 0.5, EXACT);
    }

    @Test
    void without_links_a_pipeline_takes_the_filling_more() {
        double filled = (MICRO_BATCHES + 2 - 1) * 3 + 0.5;

        assertThat(predicted(1, NONE, 1, 1).seconds(Schedule.GPIPE)).isEqualTo(filled, EXACT);
        assertThat(predicted(1, NONE, 1, 1).seconds(Schedule.ONE_F_ONE_B)).isEqualTo(filled, EXACT);
    }

    @Test
    void zb_h1_fills_the_draining_with_gradients_of_weights() {
        double plain = predicted(1, NONE, 1, 1, 1).seconds(Schedule.ONE_F_ONE_B);
        double zeroBubble = predicted(1, NONE, 1, 1, 1).seconds(Schedule.ZB_H1);

        assertThat(plain).isEqualTo((MICRO_BATCHES + 2) * 3 + 0.5, EXACT);
        assertThat(zeroBubble)
                .isEqualTo(plain - 4, EXACT); // two weight gradients for each stage more
    }

    @Test
    void the_slowest_stage_holds_up_all_others() {
        assertThat(predicted(1, NONE, 1, 0.5).seconds(Schedule.GPIPE))
                .isEqualTo(3 + MICRO_BATCHES * 6 + 1, EXACT);
    }

    @Test
    void gpipe_pays_each_link_once_each_way_and_1f1b_also_between_micro_batches() {
        double there = 0.25 + 20 / 2.0 / 10;
        double without = predicted(1, NONE, 1, 1).seconds(Schedule.GPIPE);

        assertThat(predicted(1, SLOW, 1, 1).seconds(Schedule.GPIPE))
                .isEqualTo(without + 2 * there, EXACT);
        assertThat(predicted(1, SLOW, 1, 1).seconds(Schedule.ONE_F_ONE_B))
                .isGreaterThan(without + 2 * there);
    }

    @Test
    void replicas_share_the_micro_batches_and_add_up_their_gradients() {
        double alone = predicted(1, SLOW, 1).seconds(Schedule.ONE_F_ONE_B);
        double two = predicted(2, SLOW, 1, 1).seconds(Schedule.ONE_F_ONE_B);
        double four = predicted(4, SLOW, 1, 1, 1, 1).seconds(Schedule.ONE_F_ONE_B);

        // Each has the micro-batches that one has alone.
        assertThat(two).isEqualTo(alone + 2 * 0.25 + GRADIENT_BYTES / 10, EXACT);
        assertThat(four).isEqualTo(alone + 2 * 0.25 + 1.5 * GRADIENT_BYTES / 10, EXACT);
    }

    @Test
    void the_slowest_replica_holds_up_the_sum() {
        double even = predicted(2, SLOW, 1, 1).seconds(Schedule.GPIPE);
        double uneven = predicted(2, SLOW, 1, 0.5).seconds(Schedule.GPIPE);

        assertThat(uneven).isEqualTo(even + MICRO_BATCHES * 3 + 0.5, EXACT);
    }

    @Test
    void a_pass_goes_through_every_stage_and_link_once() {
        assertThat(predicted(1, SLOW, 1, 1, 0.5).secondsOfPass())
                .isEqualTo(1 + 1 + 2 + 2 * (0.25 + 2), EXACT);
    }

    @Test
    void a_grid_has_as_many_workers_as_places() {
        var prediction = predicted(1, NONE, 1, 1);

        assertThatThrownBy(() ->
                        new Prediction(
                                new Grid(2, 2),
                                prediction.workers(),
                                prediction.ranges(),
                                prediction.costs()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("2 workers and 2 ranges");
    }

    private static Prediction predicted(int replicas, Link link, double... speeds) {
        var workers = new ArrayList<Candidate>();
        for (double speed : speeds) {
            workers.add(
                    new Candidate(
                            KeyPair.generate().peerId(),
                            100,
                            new Speed(speed, speed, speed, speed)));
        }
        int stages = speeds.length / replicas;
        var ranges = new ArrayList<LayerRange>();
        for (int stage = 0; stage < stages; stage++) {
            ranges.add(new LayerRange(stage, stage + 1));
        }
        return new Prediction(new Grid(replicas, stages), workers, ranges, new Layers(link));
    }

    private record Layers(Link link) implements Partition.Costs {
        @Override
        public long memory(LayerRange range, int stage, int stages) {
            return 1;
        }

        @Override
        public Work work(LayerRange range) {
            return new Work(range.size(), 2 * range.size(), 0, 0.5 * range.size());
        }

        @Override
        public int microBatches() {
            return MICRO_BATCHES;
        }

        @Override
        public double bytesBetween() {
            return 20;
        }

        @Override
        public int crossings() {
            return 2;
        }

        @Override
        public double gradientBytes(LayerRange range) {
            return GRADIENT_BYTES;
        }

        @Override
        public Link link(PeerId from, PeerId to) {
            return link;
        }
    }
}
