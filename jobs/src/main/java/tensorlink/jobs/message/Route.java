package tensorlink.jobs.message;

import java.util.List;
import tensorlink.jobs.job.Grid;

/** The workers of a job, counted through as its {@link Grid} says. */
public record Route(List<Neighbour> stages) {
    public Route {
        stages = List.copyOf(stages);
        if (stages.isEmpty() || stages.size() > Answer.STAGES_MAX) {
            throw new IllegalArgumentException(
                    stages.size() + " stages, 1 to " + Answer.STAGES_MAX);
        }
        grid(stages);
    }

    private static Grid grid(List<Neighbour> stages) {
        return Grid.of(stages.stream().map(Neighbour::layers).toList());
    }

    /** How its places lie. */
    public Grid grid() {
        return grid(stages);
    }

    public int size() {
        return stages.size();
    }

    public Neighbour stage(int place) {
        return stages.get(place);
    }
}
