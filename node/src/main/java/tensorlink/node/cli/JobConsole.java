package tensorlink.node.cli;

import java.util.LinkedHashMap;
import java.util.Locale;
import tensorlink.jobs.JobListener;
import tensorlink.jobs.Recovered;
import tensorlink.jobs.job.JobState;
import tensorlink.p2p.peer.PeerId;

/** Shows how a job begins. */
public final class JobConsole implements JobListener {
    private final Output output;
    private final boolean steps;

    public JobConsole(Output output) {
        this(output, true);
    }

    private JobConsole(Output output, boolean steps) {
        this.output = output;
        this.steps = steps && output.progress();
    }

    /** Keeps to what somebody must know, for verbs whose own text goes to standard output. */
    static JobConsole quiet(Output output) {
        return new JobConsole(output, output.json());
    }

    @Override
    public void entered(JobState state, String detail) {
        if (!steps) {
            return;
        }
        if (!detail.isEmpty()) {
            output.say(" " + state.label() + "  " + detail);
        }
        var event = new LinkedHashMap<String, Object>();
        event.put("event", "job");
        event.put("state", state.label());
        event.put("detail", detail);
        output.tell(event);
    }

    @Override
    public void loading(int stage, long done, long total) {
        if (steps) {
            output.say(
                    " loading  stage "
                            + stage
                            + ": "
                            + Sizes.bytes(done)
                            + " of "
                            + Sizes.bytes(total));
        }
    }

    @Override
    public void recovered(Recovered event) {
        var took = event.took().toMillis() / 1e3;
        output.say(
                String.format(
                        Locale.ROOT,
                        " goes on  as job %s after %.1f s, %d steps done again",
                        event.job(),
                        took,
                        event.replayed()));
        var told = new LinkedHashMap<String, Object>();
        told.put("event", "recovered");
        told.put("problem", event.problem().toString());
        told.put("job", event.job().hex());
        told.put("workers", event.workers().stream().map(PeerId::toString).toList());
        told.put("replayedSteps", event.replayed());
        told.put("seconds", took);
        output.tell(told);
    }

    @Override
    public void warned(String warning) {
        output.warn(warning);
    }
}
