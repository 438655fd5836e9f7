package tensorlink.jobs.exchange;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.List;
import tensorlink.jobs.job.JobException;
import tensorlink.jobs.job.Problem;
import tensorlink.jobs.job.ProblemCode;
import tensorlink.jobs.message.Answer;
import tensorlink.jobs.message.Question;
import tensorlink.p2p.core.Stream;
import tensorlink.p2p.core.StreamHandler;

/** Serves the job protocol with the roles this node has. */
public final class QuestionServer implements StreamHandler {
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private final List<Answerer> roles;

    public QuestionServer(List<Answerer> roles) {
        this.roles = List.copyOf(roles);
    }

    @Override
    public void handle(Stream stream) throws IOException, InterruptedException {
        stream.timeout(PATIENCE);
        var question = Question.decode(stream.readMessage(Question.BYTES_MAX));
        stream.writeMessage(answer(stream, question).encode());
    }

    private Answer answer(Stream stream, Question question)
            throws IOException, InterruptedException {
        for (var role : roles) {
            if (role.answers(question)) {
                try {
                    return role.answer(
                            stream.connection().remotePeer(),
                            question,
                            progressed -> send(stream, progressed));
                } catch (JobException refused) {
                    return new Answer.Refused(refused.problem());
                } catch (UncheckedIOException lost) {
                    throw lost.getCause();
                }
            }
        }
        return new Answer.Refused(
                new Problem(
                        ProblemCode.NOT_ALLOWED,
                        "question not answered",
                        "this node does not have the role to answer a "
                                + question.getClass().getSimpleName(),
                        "ask a node that has"));
    }

    private static void send(Stream stream, Answer.Progressed progressed) {
        try {
            stream.writeMessage(progressed.encode());
        } catch (IOException lost) {
            throw new UncheckedIOException(lost);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
