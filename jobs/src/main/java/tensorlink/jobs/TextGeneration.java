package tensorlink.jobs;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntConsumer;
import tensorlink.compute.MicroBatch;
import tensorlink.compute.Tokens;
import tensorlink.jobs.job.JobException;
import tensorlink.jobs.message.BatchWork;
import tensorlink.jobs.message.Command;
import tensorlink.jobs.message.TensorFrame;
import tensorlink.jobs.user.Session;

/** Continues texts, piece by piece: every stage keeps the keys and values of what has passed. */
final class TextGeneration {
    private final StageTraffic traffic;

    /** Names the caches of the next one. */
    private long sessions;

    TextGeneration(StageTraffic traffic) {
        this.traffic = traffic;
    }

    /**
     * A text to be continued.
     *
     * @param vocabulary how many tokens there are
     * @param afterStep optimizer steps that the stages must have applied
     * @param told how many of the new tokens {@code onToken} has been told
     */
    record Wanted(
            List<Integer> prompt,
            GenerateOptions options,
            int vocabulary,
            long afterStep,
            IntConsumer onToken,
            AtomicInteger told) {
        Wanted(
                List<Integer> prompt,
                GenerateOptions options,
                int vocabulary,
                long afterStep,
                IntConsumer onToken) {
            this(prompt, options, vocabulary, afterStep, onToken, new AtomicInteger());
        }

        /** Tells each token once, also when a generation begins again on other workers. */
        private void tell(int index, int token) {
            if (index == told.get()) {
                told.incrementAndGet();
                onToken.accept(token);
            }
        }
    }

    /** The new tokens; may be called again, on other stages, when these are lost. */
    List<Integer> generate(Session session, Wanted wanted)
            throws JobException, InterruptedException {
        session.check();
        var prompt = wanted.prompt();
        var options = wanted.options();
        int capacity = prompt.size() + options.maxTokens();
        long generation = sessions++;
        var generated = new ArrayList<Integer>();
        try {
            var next = new long[prompt.size()];
            for (int i = 0; i < next.length; i++) {
                next[i] = prompt.get(i);
            }
            int position = 0;
            while (generated.size() < options.maxTokens()) {
                var piece =
                        new BatchWork.Generation(
                                generation, position, capacity, options.sampling());
                int token = next(session, Tokens.of(next), wanted, piece);
                if (options.stopTokens().contains(token)) {
                    break;
                }
                generated.add(token);
                wanted.tell(generated.size() - 1, token);
                position += next.length;
                next = new long[] {token};
            }
        } finally {
            if (session.failure().isEmpty()) {
                forget(session, generation);
            }
        }
        return List.copyOf(generated);
    }

    /** Frees a generation's caches; when this returns every stage has room for another's. */
    private void forget(Session session, long generation)
            throws JobException, InterruptedException {
        traffic.settle(session);
        session.tellAll(new Command.EndSession(generation));
        traffic.settle(session);
    }

    private int next(Session session, Tokens tokens, Wanted wanted, BatchWork.Generation piece)
            throws JobException, InterruptedException {
        traffic.abandon(session, null);
        var work =
                new BatchWork(BatchWork.Mode.GENERATE, 1, false, 0, wanted.afterStep(), 0, piece);
        var sent = traffic.send(session, work, MicroBatch.split(tokens, 1));
        int token = session.pipeline().await(sent, TensorFrame.Token.class).token();
        if (token < 0 || token >= wanted.vocabulary()) {
            throw session.links()
                    .get(session.pipeline().teller(sent, 0))
                    .disobeyed("it sends token " + token + " of " + wanted.vocabulary());
        }
        return token;
    }
}
