package tensorlink.node;

import java.io.IOException;
import java.util.List;
import tensorlink.compute.Model;
import tensorlink.jobs.DistributedModel;
import tensorlink.jobs.JobListener;
import tensorlink.jobs.JobOptions;
import tensorlink.jobs.JobReport;
import tensorlink.jobs.job.JobException;
import tensorlink.jobs.job.JobId;
import tensorlink.jobs.job.JobLimits;
import tensorlink.jobs.job.ProblemCode;

/**
 * A node that runs its models on others.
 *
 * <pre>{@code
 * try (var user = UserNode.join(network)) {
 *     var model = user.createDistributedModel(Model.load(path), JobOptions.training().workers(2));
 *     ...
 * }
 * }</pre>
 *
 * <p>Any number of them live in one process. Safe for use by any thread.
 */
public final class UserNode implements AutoCloseable {
    private final Node node;

    private UserNode(Node node) {
        this.node = node;
    }

    /** Joins as somebody new, who is forgotten when the node is closed. */
    public static UserNode join(Network network) throws IOException, InterruptedException {
        return join(network, Home.fresh());
    }

    /** Joins with the identity, the account and the jobs kept in {@code home}. */
    public static UserNode join(Network network, Home home)
            throws IOException, InterruptedException {
        return join(network, home, JobLimits.defaults());
    }

    /** Joins with other patience than the usual. */
    public static UserNode join(Network network, Home home, JobLimits limits)
            throws IOException, InterruptedException {
        // A user only dials: workers answer over the connections it has opened.
        return new UserNode(Node.start(NodeOptions.of(network, home, List.of()).limits(limits)));
    }

    /**
     * Finds workers for a model and gives each its layers.
     *
     * @throws JobException when that is not possible; its problem says why, and what to do
     */
    public DistributedModel createDistributedModel(Model model, JobOptions options)
            throws IOException, InterruptedException {
        return createDistributedModel(model, options, JobListener.silent());
    }

    /** The same, telling how it goes. */
    public DistributedModel createDistributedModel(
            Model model, JobOptions options, JobListener listener)
            throws IOException, InterruptedException {
        try {
            return node.jobs().create(model, options, listener);
        } catch (JobException failed) {
            if (failed.code() == ProblemCode.NO_VALIDATOR) {
                throw node.isolation().map(JobException::new).orElse(failed);
            }
            throw failed;
        }
    }

    /**
     * How a job of this node stands, also after its end.
     *
     * @throws JobException when it is none of its
     */
    public JobReport checkJobStatus(JobId job) throws JobException {
        return node.jobs()
                .report(job)
                .orElseThrow(() ->
                        new JobException(
                                ProblemCode.NOT_ALLOWED,
                                "no such job",
                                "this node has not asked for job " + job,
                                ""));
    }

    public Node node() {
        return node;
    }

    @Override
    public void close() {
        node.close();
    }
}
