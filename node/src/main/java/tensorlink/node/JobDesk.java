package tensorlink.node;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tensorlink.jobs.JobReport;
import tensorlink.jobs.job.JobException;
import tensorlink.jobs.job.JobId;
import tensorlink.jobs.job.JobJournal;
import tensorlink.jobs.job.JobJournal.Entry;
import tensorlink.jobs.job.JobState;
import tensorlink.jobs.job.ProblemCode;
import tensorlink.jobs.message.Dossier;
import tensorlink.ledger.Account;
import tensorlink.ledger.Outcome;

/** The jobs that a node takes part in, whatever its part, for whoever runs the node. */
public final class JobDesk {
    private static final Logger log = LoggerFactory.getLogger(JobDesk.class);
    private static final String JOURNAL = ".journal";

    /** The most jobs listed that are over or of earlier runs, for each part. */
    static final int REMEMBERED_MAX = 1_000;

    private final Node node;
    private final Map<Part, Path> journals;

    JobDesk(Node node, Home home) {
        this.node = node;
        this.journals =
                new EnumMap<>(
                        Map.of(
                                Part.USER, home.jobs(),
                                Part.WORKER, home.work().resolve("jobs"),
                                Part.VALIDATOR, home.jobs().resolve("validator")));
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
     * @param payer whose account pays for it; empty for a job of an earlier run
     * @param payees the accounts of its workers, as far as this node knows them
     * @param detail more about it, for people
     */
    public record Standing(
            JobId job,
            Part part,
            JobState state,
            Optional<Account> payer,
            List<Account> payees,
            String detail) {
        public Standing {
            payees = List.copyOf(payees);
        }
    }

    /** The jobs known since the node's start: those it asked for, those it works for or watches. */
    public List<Standing> current() {
        var jobs = new ArrayList<Standing>();
        for (var report : node.jobs().reports()) {
            jobs.add(
                    new Standing(
                            report.job(),
                            Part.USER,
                            report.state(),
                            Optional.of(node.account()),
                            report.stages().stream().map(JobReport.StageReport::account).toList(),
                            detail(report)));
        }
        node.worker()
                .ifPresent(worker -> {
                    for (var stint : worker.stints()) {
                        jobs.add(
                                new Standing(
                                        stint.job(),
                                        Part.WORKER,
                                        stint.state(),
                                        Optional.of(stint.payer()),
                                        List.of(node.account()),
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
                                        Optional.of(watched.payer()),
                                        watched.payees(),
                                        watched.payees().size()
                                                + " stages for "
                                                + watched.user().shortText()));
                    }
                });
        return jobs;
    }

    /**
     * Those, and the ones that were before: what this node knows by itself, whatever the network's
     * ledger notes.
     */
    public List<Standing> jobs() throws IOException {
        var current = current();
        var all = new ArrayList<Standing>();
        for (var part : Part.values()) {
            var now = current.stream().filter(it -> it.part() == part).toList();
            all.addAll(before(part, now));
            all.addAll(now);
        }
        return all;
    }

    /** Those that only a journal tells of, oldest first. */
    private List<Standing> before(Part part, List<Standing> now) throws IOException {
        var known = now.stream().map(Standing::job).collect(Collectors.toSet());
        var ended = new ArrayList<Noted>();
        for (var file : newest(part)) {
            try {
                var name = file.getFileName().toString();
                var job = JobId.parse(name.substring(0, name.length() - JOURNAL.length()));
                var entries = known.contains(job) ? List.<Entry>of() : JobJournal.read(file);
                if (!entries.isEmpty()) {
                    ended.add(new Noted(job, entries.getFirst().at(), entries.getLast().state()));
                }
            } catch (IOException | IllegalArgumentException unreadable) {
                log.warn("{} is not listed: {}", file, unreadable.getMessage());
            }
        }
        ended.sort(Comparator.comparing(Noted::since));
        return ended.stream()
                .map(it ->
                        new Standing(
                                it.job(),
                                part,
                                it.state(),
                                Optional.empty(),
                                List.of(),
                                it.state().isOver() ? "over" : "of an earlier run"))
                .toList();
    }

    private record Noted(JobId job, Instant since, JobState state) {}

    /** The journals changed last. */
    private List<Path> newest(Part part) throws IOException {
        var folder = journals.get(part);
        if (folder == null || !Files.isDirectory(folder)) {
            return List.of();
        }
        var changed = new HashMap<Path, FileTime>();
        try (var files = Files.newDirectoryStream(folder, "*" + JOURNAL)) {
            for (var file : files) {
                changed.put(file, Files.getLastModifiedTime(file));
            }
        }
        return changed.entrySet().stream()
                .sorted(Map.Entry.<Path, FileTime>comparingByValue().reversed())
                .limit(REMEMBERED_MAX)
                .map(Map.Entry::getKey)
                .toList();
    }

    private static String detail(JobReport report) {
        return report.stages().size() + " stages, " + report.steps() + " steps";
    }

    /** What a job has come through, as this node noted it, oldest first; also of earlier runs. */
    public List<Entry> events(JobId job) throws IOException {
        var events = new ArrayList<Entry>();
        for (var folder : journals.values()) {
            var file = folder.resolve(job.hex() + ".journal");
            if (Files.exists(file)) {
                events.addAll(JobJournal.read(file));
            }
        }
        events.sort(Comparator.comparing(Entry::at));
        return events;
    }

    /**
     * Has a job's arbiter judge what is owed to a worker, and settle it on the ledger.
     *
     * @param worker the account that is owed; empty where this node is the worker
     * @return {@code Paid} with what is paid now, {@code NoChange} when no more is owed
     * @throws JobException when nothing is kept of such an agreement, or it names nobody to judge
     */
    public Outcome dispute(JobId job, Optional<Account> worker)
            throws IOException, InterruptedException {
        var working = node.worker();
        if (worker.isEmpty() && working.isPresent()) {
            var own = working.get().dossier(job);
            if (own.isPresent()) {
                var payer = own.get().agreement().agreement().payer();
                return node.jobs().dispute(own.get(), working.get().voucher(payer));
            }
        }
        var owed = worker.isPresent() ? node.jobs().dossier(job, worker.get()) : none();
        return node.jobs()
                .dispute(
                        owed.orElseThrow(() ->
                                new JobException(
                                        ProblemCode.NOT_ALLOWED,
                                        "job " + job + " not disputed",
                                        "nothing is kept here of an agreement that names anybody to"
                                                + " judge",
                                        "the same on the node that works for it, or, where it was"
                                                + " asked for, with the worker's account")),
                        Optional.empty());
    }

    private static Optional<Dossier> none() {
        return Optional.empty();
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
        for (var standing : current()) {
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
