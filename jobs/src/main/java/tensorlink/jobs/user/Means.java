package tensorlink.jobs.user;

import java.util.List;
import tensorlink.jobs.job.JobLimits;
import tensorlink.jobs.party.Party;
import tensorlink.jobs.weights.WeightsServer;
import tensorlink.jobs.worker.OwnNode;

/**
 * What a user starts jobs with.
 *
 * @param weights the server of the weights protocol on this node
 * @param own nodes of this user's own that take part in the job
 */
public record Means(
        Party party,
        Validators validators,
        WeightsServer weights,
        Purse purse,
        JobLimits limits,
        List<OwnNode> own) {
    public Means {
        own = List.copyOf(own);
    }

    /** The same for a job in which these take part. */
    public Means with(List<OwnNode> nodes) {
        return new Means(party, validators, weights, purse, limits, nodes);
    }
}
