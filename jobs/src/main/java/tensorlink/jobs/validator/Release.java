package tensorlink.jobs.validator;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tensorlink.jobs.exchange.Asker;
import tensorlink.jobs.job.JobId;
import tensorlink.jobs.job.JobLimits;
import tensorlink.jobs.market.StagePlan;
import tensorlink.jobs.message.Answer;
import tensorlink.jobs.message.Question;
import tensorlink.jobs.party.Party;
import tensorlink.p2p.peer.PeerId;

/**
 * Takes accepted offers back, so that workers need not hold memory for a job that will not come.
 */
record Release(Party party, Asker asker, JobLimits limits) {
    private static final Logger log = LoggerFactory.getLogger(Release.class);

    /** Tells every worker of a plan, and waits until each has heard or cannot be reached. */
    void all(JobId job, List<StagePlan> stages) throws InterruptedException {
        workers(job, stages.stream().map(stage -> stage.worker().id()).toList());
    }

    void workers(JobId job, List<PeerId> workers) throws InterruptedException {
        var telling = new ArrayList<Thread>();
        for (var worker : workers) {
            telling.add(
                    party.scheduler()
                            .fork("release-" + worker.shortText(), () -> one(job, worker)));
        }
        for (var thread : telling) {
            thread.join();
        }
    }

    private void one(JobId job, PeerId worker) {
        try {
            asker.ask(
                    worker,
                    new Question.ReleaseOffer(job),
                    limits.offerTimeout(),
                    Answer.Done.class);
        } catch (IOException gone) {
            // Its reservation ends by itself.
            log.debug("release: {}", gone.getMessage());
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
