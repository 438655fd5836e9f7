package tensorlink.p2p.gossip;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.random.RandomGenerator;

/** Decides who joins and who leaves a topic's mesh at a heartbeat. */
final class Upkeep {
    private final MeshConfig config;
    private final double opportunityThreshold;
    private final PeerScore score;
    private final RandomGenerator random;

    Upkeep(MeshConfig config, ScoreConfig scores, PeerScore score, RandomGenerator random) {
        this.config = config;
        this.opportunityThreshold = scores.opportunityThreshold();
        this.score = score;
        this.random = random;
    }

    /**
     * Brings a mesh to its size: out go those of bad standing and those too many, in come others.
     *
     * @param members who is in the mesh
     * @param eligible who could be: of good standing, subscribed, not to be waited for
     * @param isOpportunity whether a mesh of little merit shall be improved now
     */
    Changes balance(List<Neighbour> members, List<Neighbour> eligible, boolean isOpportunity) {
        var changes = new Changes(new ArrayList<>(), new ArrayList<>());
        var kept = new ArrayList<Neighbour>();
        for (var member : members) {
            (score.score(member.id) < 0 ? changes.prunes : kept).add(member);
        }
        var candidates = new ArrayList<>(eligible);
        Collections.shuffle(candidates, random);
        if (kept.size() < config.degreeLow()) {
            graft(config.degree() - kept.size(), candidates, kept, changes);
        } else if (kept.size() > config.degreeHigh()) {
            changes.prunes.addAll(shrink(kept));
        }
        if (kept.size() >= config.degreeLow()) {
            int outbound = config.degreeOutbound() - outbound(kept);
            graft(outbound, dialled(candidates), kept, changes);
        }
        if (isOpportunity && kept.size() > 1) {
            improve(candidates, kept, changes);
        }
        return changes;
    }

    private static void graft(
            int count, List<Neighbour> candidates, List<Neighbour> kept, Changes changes) {
        for (var candidate : candidates.subList(0, Math.clamp(count, 0, candidates.size()))) {
            kept.add(candidate);
            changes.grafts.add(candidate);
        }
        candidates.removeAll(changes.grafts);
    }

    /** Leaves the best and, of the others, random ones; returns who has to go. */
    private List<Neighbour> shrink(List<Neighbour> kept) {
        Collections.shuffle(kept, random);
        kept.sort(Comparator.comparingDouble((Neighbour it) -> score.score(it.id)).reversed());
        var rest = new ArrayList<>(kept.subList(config.degreeScore(), kept.size()));
        kept.subList(config.degreeScore(), kept.size()).clear();
        Collections.shuffle(rest, random);
        int places = config.degree() - kept.size();
        int dialled = config.degreeOutbound() - outbound(kept);
        var outbound = dialled(rest);
        var chosen = new ArrayList<>(outbound.subList(0, Math.clamp(dialled, 0, outbound.size())));
        rest.removeAll(chosen);
        while (chosen.size() < places) {
            chosen.add(rest.removeFirst());
        }
        kept.addAll(chosen);
        return rest;
    }

    private void improve(List<Neighbour> candidates, List<Neighbour> kept, Changes changes) {
        var scores = new ArrayList<Double>();
        for (var member : kept) {
            scores.add(score.score(member.id));
        }
        Collections.sort(scores);
        double median = scores.get(scores.size() / 2);
        if (median < opportunityThreshold) {
            var better = new ArrayList<Neighbour>();
            for (var candidate : candidates) {
                if (score.score(candidate.id) > median && !kept.contains(candidate)) {
                    better.add(candidate);
                }
            }
            graft(config.opportunityPeers(), better, kept, changes);
        }
    }

    private static int outbound(List<Neighbour> neighbours) {
        return dialled(neighbours).size();
    }

    private static List<Neighbour> dialled(List<Neighbour> neighbours) {
        var filtered = new ArrayList<Neighbour>();
        for (var neighbour : neighbours) {
            if (neighbour.isOutbound) {
                filtered.add(neighbour);
            }
        }
        return filtered;
    }

    /** Who comes and who goes. */
    record Changes(List<Neighbour> grafts, List<Neighbour> prunes) {}
}
