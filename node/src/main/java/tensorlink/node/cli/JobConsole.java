package tensorlink.node.cli;

import java.util.LinkedHashMap;
import tensorlink.jobs.JobListener;
import tensorlink.jobs.job.JobState;

/** Shows how a job begins. */
public final class JobConsole implements JobListener {
    private final Output output;

    public JobConsole(Output output) {
        this.output = output;
    }

    @Override
    public void entered(JobState state, String detail) {
        if (!output.progress()) {
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
        if (output.progress()) {
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
    public void warned(String warning) {
        output.say(" !!  " + warning);
        var event = new LinkedHashMap<String, Object>();
        event.put("event", "warning");
        event.put("warning", warning);
        output.tell(event);
    }
}
