package tensorlink.jobs.message;

import java.util.List;

/** The stages of a job in order; together they hold every layer once. */
public record Route(List<Neighbour> stages) {
    public Route {
        stages = List.copyOf(stages);
        if (stages.isEmpty() || stages.size() > Answer.STAGES_MAX) {
            throw new IllegalArgumentException(
                    stages.size() + " stages, 1 to " + Answer.STAGES_MAX);
        }
        int next = 0;
        for (var stage : stages) {
            if (stage.layers().first() != next) {
                throw new IllegalArgumentException(
                        "stages leave a gap or overlap at layer " + next);
            }
            next = stage.layers().end();
        }
    }

    public int size() {
        return stages.size();
    }

    public Neighbour stage(int index) {
        return stages.get(index);
    }

    public boolean isLast(int index) {
        return index == stages.size() - 1;
    }
}
