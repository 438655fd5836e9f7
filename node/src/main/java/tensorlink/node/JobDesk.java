package tensorlink.node;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import tensorlink.jobs.JobReport;
import tensorlink.jobs.job.JobException;
import tensorlink.jobs.job.JobId;
import tensorlink.jobs.job.JobJournal;
import tensorlink.jobs.job.JobState;
import tensorlink.jobs.job.ProblemCode;

/** The jobs that a node takes part in, whatever its part, for whoever runs the node. */
public final class JobDesk {
    private final Node node;
    private final List<Path> journals;

    JobDesk(Node node, Home home) {
        this.node = node;
        this.journals =
                List.of(home.jobs(), home.jobs().resolve("validator"), home.work().resolve("jobs"));
    }

    /** What this node does in a job. */
    public enum Part {
        USER,
        WORKER,
        VALIDATOR;

        /** In lower case, as on the command line. */
        public String label() {
            return switch (this) {
                case USER -> "user";
                case WORKER -> "worker";
                case VALIDATOR -> "validator";
            };
        }
    }

    /**
     * A job as this node sees it.
     *
     * @param detail more about it, for people
     */
    public record Standing(JobId job, Part part, JobState state, String detail) {}

    /** The jobs known since the node's start: those it asked for, those it works for or watches. */
    public List<Standing> jobs() {
        var jobs = new ArrayList<Standing>();
        for (var report : node.jobs().reports()) {
            jobs.add(new Standing(report.job(), Part.USER, report.state(), detail(report)));
        }
        node.worker()
                .ifPresent(worker -> {
                    for (var stint : worker.stints()) {
                        jobs.add(
                                new Standing(
                                        stint.job(),
                                        Part.WORKER,
                                        stint.state(),
                                        stint.layers() + " for " + stint.user().shortText()));
                    }
                });
        node.validator()
                .ifPresent(validator -> {
                    for (var watched : validator.cases()) {
                        jobs.add(
                                new Standing(
                                        watched.job(),
                                        Part.VALIDATOR,
                                        watched.state(),
                                        watched.stages()
                                                + " stages for "
                                                + watched.user().shortText()));
                    }
                });
        return jobs;
    }

    private static String detail(JobReport report) {
        return report.stages().size() + " stages, " + report.steps() + " steps";
    }

    /** What a job has come through, as this node noted it, oldest first; also of earlier runs. */
    public List<JobJournal.Entry> events(JobId job) throws IOException {
        var events = new ArrayList<JobJournal.Entry>();
        for (var folder : journals) {
            var file = folder.resolve(job.hex() + ".journal");
            if (Files.exists(file)) {
                events.addAll(JobJournal.read(file));
            }
        }
        events.sort(Comparator.comparing(JobJournal.Entry::at));
        return events;
    }

    /**
     * Gives up a job that this node has asked for; returns when its workers are free.
     *
     * @return whether it ran until now; empty for a job that this node has not asked for
     * @throws JobException when this node works for the job or watches it
     */
    public Optional<Boolean> cancel(JobId job) throws JobException {
        if (node.jobs().cancel(job, "cancelled by its user")) {
            return Optional.of(true);
        }
        if (node.jobs().report(job).isPresent()) {
            return Optional.of(false);
        }
        for (var standing : jobs()) {
            if (standing.job().equals(job) && !standing.state().isOver()) {
                throw new JobException(
                        ProblemCode.NOT_ALLOWED,
                        "job " + job + " not cancelled",
                        "this node is a " + standing.part().label() + " of it, not its user",
                        "cancel it where it was asked for");
            }
        }
        return Optional.empty();
    }
}
