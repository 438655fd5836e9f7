package tensorlink.jobs.exchange;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import tensorlink.jobs.job.JobException;
import tensorlink.jobs.message.Answer;
import tensorlink.jobs.message.LedgerAnswer;
import tensorlink.jobs.message.LedgerQuestion;
import tensorlink.jobs.message.Question;
import tensorlink.jobs.party.Party;
import tensorlink.p2p.core.ProtocolViolation;
import tensorlink.p2p.core.Stream;
import tensorlink.p2p.core.StreamResetException;
import tensorlink.p2p.core.StreamTimeoutException;
import tensorlink.p2p.peer.PeerId;

/** Asks other nodes questions, one stream each. Safe for use by any thread. */
public final class Asker {
    private final Party party;

    public Asker(Party party) {
        this.party = party;
    }

    /**
     * Asks and waits for the final answer.
     *
     * @param patience the longest wait for the final answer, reaching the peer included: one that
     *     hangs is not told from one that is far away
     * @param progress told of what comes before the final answer
     * @throws JobException when the answer is a refusal
     * @throws IOException when the peer cannot be reached or does not answer in time
     */
    public Answer ask(
            PeerId peer, Question question, Duration patience, Consumer<Answer.Progressed> progress)
            throws IOException, InterruptedException {
        var late = new AtomicBoolean();
        long begun = party.scheduler().nanoTime();
        try (var stream = open(peer, patience)) {
            var deadline =
                    party.scheduler()
                            .after(
                                    patience.minusNanos(party.scheduler().nanoTime() - begun),
                                    () -> {
                                        late.set(true);
                                        stream.reset();
                                    });
            try {
                return ask(stream, question, progress);
            } catch (StreamResetException reset) {
                if (late.get()) {
                    throw new StreamTimeoutException("no answer within " + patience);
                }
                throw reset;
            } finally {
                deadline.cancel();
            }
        }
    }

    private Stream open(PeerId peer, Duration patience) throws IOException, InterruptedException {
        var late = new AtomicBoolean();
        var opening =
                new FutureTask<>(() -> {
                    var stream = party.host().open(peer, party.protocols().job());
                    if (late.get()) {
                        stream.reset();
                    }
                    return stream;
                });
        party.scheduler().fork("asking-" + peer.shortText(), opening);
        var deadline =
                party.scheduler()
                        .after(
                                patience,
                                () -> {
                                    late.set(true);
                                    opening.cancel(true);
                                });
        try {
            return opening.get();
        } catch (CancellationException unreached) {
            throw new StreamTimeoutException("not reached within " + patience);
        } catch (ExecutionException failed) {
            throw cause(failed);
        } catch (InterruptedException interrupted) {
            late.set(true);
            opening.cancel(true);
            throw interrupted;
        } finally {
            deadline.cancel();
        }
    }

    private static IOException cause(ExecutionException failed) {
        if (failed.getCause() instanceof RuntimeException bug) {
            throw bug;
        }
        return failed.getCause() instanceof IOException unreached
                ? unreached
                : new IOException("not reached: " + failed.getCause(), failed);
    }

    private static Answer ask(
            Stream stream, Question question, Consumer<Answer.Progressed> progress)
            throws IOException, InterruptedException {
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
                        Answer.Beating _,
                        Answer.LinkTold _,
                        Answer.LedgerTold _ -> {
                    return answer;
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
