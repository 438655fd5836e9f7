package tensorlink.jobs.market;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.ToDoubleFunction;
import tensorlink.compute.Speed;
import tensorlink.jobs.job.Grid;
import tensorlink.p2p.peer.PeerId;

/**
 * Workers that hold a stage together, each a replica of it. {@link Partition} plans with a team as
 * with one worker, {@link #asOne}, which can do what the weakest member can.
 *
 * @param members in the order of replicas, at least one
 */
public record Team(List<Partition.Candidate> members) {
    public Team {
        members = List.copyOf(members);
        if (members.isEmpty()) {
            throw new IllegalArgumentException("a team of none");
        }
    }

    /** Teams of workers as alike as can be: from most memory to least. Some may be left over. */
    public static List<Team> alike(List<Partition.Candidate> workers, int replicas) {
        var byMemory = new ArrayList<>(workers);
        byMemory.sort(
                Comparator.comparingLong(Partition.Candidate::freeBytes)
                        .reversed()
                        .thenComparing(candidate -> candidate.worker().toString()));
        var teams = new ArrayList<Team>();
        for (int end = replicas; end <= byMemory.size(); end += replicas) {
            teams.add(new Team(byMemory.subList(end - replicas, end)));
        }
        return teams;
    }

    /** The teams of workers that are counted through as a {@link Grid} says. */
    public static List<Team> of(List<Partition.Candidate> workers, int replicas) {
        var grid = new Grid(replicas, workers.size() / replicas);
        var teams = new ArrayList<Team>();
        for (int stage = 0; stage < grid.stages(); stage++) {
            var members = new ArrayList<Partition.Candidate>();
            for (int replica = 0; replica < replicas; replica++) {
                members.add(workers.get(grid.place(replica, stage)));
            }
            teams.add(new Team(members));
        }
        return teams;
    }

    /** A worker with the name of the first member. */
    public Partition.Candidate asOne() {
        return new Partition.Candidate(
                name(),
                members.stream().mapToLong(Partition.Candidate::freeBytes).min().orElseThrow(),
                new Speed(
                        least(Speed::forward),
                        least(Speed::backward),
                        least(Speed::step),
                        least(Speed::memory),
                        most(Speed::forwardLayer),
                        most(Speed::backwardLayer)));
    }

    private PeerId name() {
        return members.getFirst().worker();
    }

    private double least(ToDoubleFunction<Speed> speed) {
        return members.stream()
                .mapToDouble(member -> speed.applyAsDouble(member.speed()))
                .min()
                .orElseThrow();
    }

    private double most(ToDoubleFunction<Speed> seconds) {
        return members.stream()
                .mapToDouble(member -> seconds.applyAsDouble(member.speed()))
                .max()
                .orElseThrow();
    }

    /** What each worker holds, counted through, when {@code stages} were planned for teams. */
    public static List<Partition.Assignment> spread(
            List<Partition.Assignment> stages, List<Team> teams) {
        var spread = new ArrayList<Partition.Assignment>();
        int replicas = teams.getFirst().members().size();
        for (int replica = 0; replica < replicas; replica++) {
            for (var stage : stages) {
                for (var team : teams) {
                    if (team.name().equals(stage.worker())) {
                        spread.add(
                                new Partition.Assignment(
                                        team.members().get(replica).worker(),
                                        stage.layers(),
                                        stage.memoryBytes()));
                    }
                }
            }
        }
        return List.copyOf(spread);
    }
}
