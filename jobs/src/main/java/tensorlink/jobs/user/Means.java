package tensorlink.jobs.user;

import tensorlink.jobs.job.JobLimits;
import tensorlink.jobs.party.Party;
import tensorlink.jobs.weights.WeightsServer;

/**
 * What a user starts jobs with.
 *
 * @param weights the server of the weights protocol on this node
 */
public record Means(
        Party party, Validators validators, WeightsServer weights, Purse purse, JobLimits limits) {}
