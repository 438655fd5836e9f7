package tensorlink.jobs.job;

import java.util.List;
import tensorlink.compute.LayerRange;

/**
 * How the workers of a job are counted through: the stages of the first replica in order, then
 * those of the next. So the worker at place {@code p} has stage {@code p % stages} of replica
 * {@code p / stages}.
 */
public record Grid(int replicas, int stages) {
    public Grid {
        if (replicas < 1 || stages < 1) {
            throw new IllegalArgumentException(replicas + " replicas of " + stages + " stages");
        }
    }

    /**
     * Reads it off the layers of each place: a replica begins where layer 0 comes again.
     *
     * @throws IllegalArgumentException when the stages of a replica do not hold every layer once,
     *     or not the layers that those of the first do
     */
    public static Grid of(List<LayerRange> ranges) {
        if (ranges.isEmpty()) {
            throw new IllegalArgumentException("a plan without stages");
        }
        int stages = 1;
        while (stages < ranges.size() && ranges.get(stages).first() != 0) {
            stages++;
        }
        int next = 0;
        for (var range : ranges.subList(0, stages)) {
            if (range.first() != next) {
                throw new IllegalArgumentException(
                        "a gap or an overlap at layer " + next + ": " + range);
            }
            next = range.end();
        }
        for (int place = stages; place < ranges.size(); place++) {
            if (!ranges.get(place).equals(ranges.get(place % stages))) {
                throw new IllegalArgumentException(
                        "replica "
                                + place / stages
                                + " has "
                                + ranges.get(place)
                                + " where the first has "
                                + ranges.get(place % stages));
            }
        }
        if (ranges.size() % stages != 0) {
            throw new IllegalArgumentException(
                    "replica "
                            + ranges.size() / stages
                            + " has "
                            + ranges.size() % stages
                            + " stages, the first has "
                            + stages);
        }
        return new Grid(ranges.size() / stages, stages);
    }

    /** How many places there are. */
    public int size() {
        return replicas * stages;
    }

    public int place(int replica, int stage) {
        return replica * stages + stage;
    }

    public int stage(int place) {
        return place % stages;
    }

    public int replica(int place) {
        return place / stages;
    }

    public boolean isFirst(int place) {
        return stage(place) == 0;
    }

    public boolean isLast(int place) {
        return stage(place) == stages - 1;
    }

    /** For people: {@code "stage 1"}, and of which replica where there are several. */
    public String name(int place) {
        return "stage " + stage(place) + (replicas == 1 ? "" : " of replica " + replica(place));
    }
}
