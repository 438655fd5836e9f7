package tensorlink.jobs.exchange;

import java.io.IOException;
import java.time.Duration;
import java.util.function.Consumer;
import tensorlink.jobs.job.JobException;
import tensorlink.jobs.message.Answer;
import tensorlink.jobs.message.LedgerAnswer;
import tensorlink.jobs.message.LedgerQuestion;
import tensorlink.jobs.message.Protocols;
import tensorlink.jobs.message.Question;
import tensorlink.p2p.core.Host;
import tensorlink.p2p.core.ProtocolViolation;
import tensorlink.p2p.peer.PeerId;

/** Asks other nodes questions, one stream each. Safe for use by any thread. */
public final class Asker {
    private final Host host;
    private final Protocols protocols;

    public Asker(Host host, Protocols protocols) {
        this.host = host;
        this.protocols = protocols;
    }

    /**
     * Asks and waits for the final answer.
     *
     * @param patience the longest wait for each message
     * @param progress told of what comes before the final answer
     * @throws JobException when the answer is a refusal
     * @throws IOException when the peer cannot be reached or does not answer in time
     */
    public Answer ask(
            PeerId peer, Question question, Duration patience, Consumer<Answer.Progressed> progress)
            throws IOException, InterruptedException {
        try (var stream = host.open(peer, protocols.job())) {
            stream.timeout(patience);
            stream.writeMessage(question.encode());
            stream.closeWrite();
            while (true) {
                var answer = Answer.decode(stream.readMessage(Answer.BYTES_MAX));
                switch (answer) {
                    case Answer.Progressed progressed -> progress.accept(progressed);
                    case Answer.Refused(var problem) -> throw new JobException(problem);
                    case Answer.CapabilityTold _,
                            Answer.Admitted _,
                            Answer.Planned _,
                            Answer.Done _,
                            Answer.StatusTold _,
                            Answer.LedgerTold _ -> {
                        return answer;
                    }
                }
            }
        }
    }

    /** Asks for an answer of one kind, without interest in progress. */
    public <A extends Answer> A ask(
            PeerId peer, Question question, Duration patience, Class<A> expected)
            throws IOException, InterruptedException {
        var answer = ask(peer, question, patience, _ -> {});
        if (!expected.isInstance(answer)) {
            throw new ProtocolViolation(
                    "answer: "
                            + answer.getClass().getSimpleName()
                            + ", expected "
                            + expected.getSimpleName());
        }
        return expected.cast(answer);
    }

    /** Asks about the ledger. */
    public <A extends LedgerAnswer> A askLedger(
            PeerId peer, LedgerQuestion question, Duration patience, Class<A> expected)
            throws IOException, InterruptedException {
        var told = ask(peer, new Question.AskLedger(question), patience, Answer.LedgerTold.class);
        if (!expected.isInstance(told.answer())) {
            throw new ProtocolViolation(
                    "ledger answer: "
                            + told.answer().getClass().getSimpleName()
                            + ", expected "
                            + expected.getSimpleName());
        }
        return expected.cast(told.answer());
    }
}
