package tensorlink.jobs.exchange;

import java.io.IOException;
import java.util.function.Consumer;
import tensorlink.jobs.message.Answer;
import tensorlink.jobs.message.Question;
import tensorlink.p2p.peer.PeerId;

/** A role's side of the job protocol. Called on virtual threads, several at a time. */
public interface Answerer {

    /** Whether this role answers such questions. */
    boolean answers(Question question);

    /**
     * Answers.
     *
     * @param from who asks, proven
     * @param progress sends what comes before the final answer; to be called on the calling thread
     * @throws tensorlink.jobs.job.JobException to refuse
     */
    Answer answer(PeerId from, Question question, Consumer<Answer.Progressed> progress)
            throws IOException, InterruptedException;
}
