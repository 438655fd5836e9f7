package tensorlink.node.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import tensorlink.jobs.JobReport;
import tensorlink.jobs.message.StageTimes;
import tensorlink.p2p.core.Scheduler;

/** The line that shows a training run: step, loss, speed, where each stage's time goes, traffic. */
public final class TrainingProgress implements AutoCloseable {
    private final Output output;
    private final Scheduler scheduler;
    private final ProgressLine line;
    private final long steps;
    private final Pace pace;
    private final long begun;
    private long lastStep;
    private long lastNanos;
    private long done;
    private List<StageTimes> lastTimes = List.of();

    /**
     * Begins now.
     *
     * @param steps how many there will be
     */
    public TrainingProgress(Output output, Scheduler scheduler, long steps, Pace pace) {
        this.output = output;
        this.scheduler = scheduler;
        this.line = new ProgressLine(output, scheduler);
        this.steps = steps;
        this.pace = pace;
        this.begun = scheduler.nanoTime();
        this.lastNanos = begun;
    }

    /**
     * Shows a step that counts.
     *
     * @param stages of the job that trains; none when there is no job
     */
    public void step(long step, float loss, List<JobReport.StageReport> stages) {
        done += pace.ofStep();
        long now = scheduler.nanoTime();
        double speed = pace.ofStep() * (step - lastStep) / ((now - lastNanos) / 1e9);
        lastStep = step;
        lastNanos = now;
        line.show(text(step, loss, speed, stages), step == 1 || step == steps);
        tell(step, loss, speed, stages);
        lastTimes = stages.stream().map(JobReport.StageReport::times).toList();
    }

    /** In the unit of its {@link Pace}, since the beginning. */
    public double perSecond() {
        return done / ((scheduler.nanoTime() - begun) / 1e9);
    }

    /** Says something that stays; the line goes on below it. */
    public void note(String text) {
        if (output.progress()) {
            line.close();
            output.say(text);
        }
    }

    private String text(long step, float loss, double speed, List<JobReport.StageReport> reports) {
        var text =
                new StringBuilder(
                        String.format(
                                Locale.ROOT,
                                "step %d/%d  loss %.4f  %,.0f %s",
                                step,
                                steps,
                                loss,
                                speed,
                                pace.unit()));
        long wire = 0;
        double worstError = 0;
        for (int stage = 0; stage < reports.size(); stage++) {
            var times = since(stage, reports);
            text.append(
                    String.format(
                            Locale.ROOT,
                            "  [%d: fwd %d bwd %d wait %d ms]",
                            stage,
                            times.forward().toMillis(),
                            times.backward().toMillis(),
                            times.waiting().toMillis()));
            wire += reports.get(stage).times().bytesSent();
            worstError = Math.max(worstError, times.codecError().relative());
        }
        if (!reports.isEmpty()) {
            text.append("  wire ").append(Sizes.bytes(wire));
        }
        if (worstError > 0) {
            text.append(String.format(Locale.ROOT, "  codec error %.1e", worstError));
        }
        return text.toString();
    }

    private void tell(long step, float loss, double speed, List<JobReport.StageReport> reports) {
        if (!output.json() || !output.progress()) {
            return;
        }
        var event = new LinkedHashMap<String, Object>();
        event.put("event", "step");
        event.put("step", step);
        event.put("loss", loss);
        event.put(pace.key(), speed);
        var stages = new ArrayList<Object>();
        for (int stage = 0; stage < reports.size(); stage++) {
            var times = since(stage, reports);
            var facts = new LinkedHashMap<String, Object>();
            facts.put("forwardMillis", times.forward().toNanos() / 1e6);
            facts.put("backwardMillis", times.backward().toNanos() / 1e6);
            facts.put("waitMillis", times.waiting().toNanos() / 1e6);
            facts.put("bytesSent", times.bytesSent());
            facts.put("codecError", times.codecError().relative());
            stages.add(facts);
        }
        event.put("stages", stages);
        output.tell(event);
    }

    /** A stage's times of the last step alone. */
    private StageTimes since(int stage, List<JobReport.StageReport> reports) {
        var now = reports.get(stage).times();
        if (lastTimes.size() <= stage) {
            return now;
        }
        return now.since(lastTimes.get(stage));
    }

    @Override
    public void close() {
        line.close();
    }
}
