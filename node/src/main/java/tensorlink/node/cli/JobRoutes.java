package tensorlink.node.cli;

import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import tensorlink.jobs.JobReport;
import tensorlink.jobs.job.JobId;
import tensorlink.ledger.Account;
import tensorlink.ledger.JobRecord;
import tensorlink.ledger.JobRecord.Status;
import tensorlink.ledger.LedgerEvent;
import tensorlink.ledger.LedgerEvent.Change;
import tensorlink.node.LedgerDesk;
import tensorlink.node.Node;
import tensorlink.node.http.Route;
import tools.jackson.databind.JsonNode;

/**
 * What {@link JobsCommand} asks a running node: the jobs it takes part in, and those on the ledger
 * where it keeps one.
 */
record JobRoutes(Node node) {
    static final String LIST = "/api/v1/jobs";
    static final String SHOW = "/api/v1/job";
    static final String CANCEL = "/api/v1/job/cancel";
    static final String DISPUTE = "/api/v1/job/dispute";

    /** The beginning of an id that is enough where no other job's is the same. */
    private static final Pattern PREFIX = Pattern.compile("(0x)?[0-9a-f]{8,63}");

    List<Route> all() {
        return List.of(
                new Route(Route.Method.GET, LIST, _ -> list()),
                Route.post(SHOW, this::show),
                Route.post(CANCEL, this::cancel),
                Route.post(DISPUTE, this::dispute));
    }

    private Map<String, ?> list() throws IOException, InterruptedException {
        return Map.of("jobs", List.copyOf(jobs().values()));
    }

    /** What is known of each job: on the ledger, and over that here. */
    private Map<JobId, Map<String, Object>> jobs() throws IOException, InterruptedException {
        var jobs = new LinkedHashMap<JobId, Map<String, Object>>();
        var desk = node.desk();
        if (desk.isPresent()) {
            for (var event : desk.get().events()) {
                if (event.change() instanceof Change.JobOpened(var id, var _, var _)) {
                    desk.get()
                            .ledger()
                            .job(id)
                            .ifPresent(job -> jobs.put(new JobId(id), facts(job)));
                }
            }
        }
        for (var standing : node.jobDesk().jobs()) {
            var facts = jobs.computeIfAbsent(standing.job(), JobRoutes::facts);
            facts.put("part", standing.part().label());
            facts.put("state", standing.state().label());
            if (!standing.state().reason().isEmpty()) {
                facts.put("reason", standing.state().reason());
            }
            facts.put("detail", standing.detail());
            standing.payer().ifPresent(payer -> facts.put("payer", payer.toString()));
            if (!standing.payees().isEmpty()) {
                facts.putIfAbsent("payees", texts(standing.payees()));
            }
        }
        return jobs;
    }

    private static Map<String, Object> facts(JobId job) {
        var facts = new LinkedHashMap<String, Object>();
        facts.put("job", job.word().toString());
        return facts;
    }

    private static List<String> texts(List<Account> accounts) {
        return accounts.stream().map(Account::toString).distinct().toList();
    }

    private static Map<String, Object> facts(JobRecord job) {
        var facts = facts(new JobId(job.id()));
        facts.put("payer", job.payer().toString());
        facts.put("notary", job.notary().toString());
        facts.put("opened", job.opened().toString());
        facts.put(
                "payees",
                texts(job.engagements().stream().map(JobRecord.Engagement::payee).toList()));
        switch (job.status()) {
            case Status.Open() -> facts.put("state", "open");
            case Status.Closed(var end, var _, var closer, var at) -> {
                facts.put("state", end.name().toLowerCase(Locale.ROOT));
                facts.put("closed", at.toString());
                facts.put("closer", closer.toString());
            }
        }
        return facts;
    }

    private Map<String, ?> dispute(JsonNode question) throws IOException, InterruptedException {
        var worker = question.path("worker").asString("");
        return LedgerRoutes.outcome(
                node.jobDesk()
                        .dispute(
                                named(question, jobs()),
                                worker.isEmpty()
                                        ? Optional.empty()
                                        : Optional.of(Account.parse(worker))));
    }

    private Map<String, ?> show(JsonNode question) throws IOException, InterruptedException {
        var jobs = jobs();
        var id = named(question, jobs);
        var events = events(id);
        if (!jobs.containsKey(id) && events.isEmpty()) {
            throw new IllegalArgumentException(
                    "no job " + id.word() + " is known here, or is on the ledger this node keeps");
        }
        var facts = jobs.computeIfAbsent(id, JobRoutes::facts);
        facts.putIfAbsent("state", events.isEmpty() ? "" : events.getLast().state());
        node.jobs().report(id).ifPresent(report -> facts.putAll(facts(report)));
        redeemed(id).ifPresent(redeemed -> facts.put("redeemed", redeemed));
        facts.put(
                "events",
                events.stream()
                        .map(it -> Map.of("time", it.at().toString(), "event", it.event()))
                        .toList());
        return facts;
    }

    /**
     * What the ledger has paid to each worker from this job's payer, for all of their jobs: a chain
     * knows no more of a job than that.
     */
    private Optional<Map<String, String>> redeemed(JobId job)
            throws IOException, InterruptedException {
        var desk = node.desk();
        if (desk.isEmpty()) {
            return Optional.empty();
        }
        var redeemed = new LinkedHashMap<String, String>();
        for (var standing : node.jobDesk().current()) {
            if (standing.job().equals(job) && standing.payer().isPresent()) {
                var payer = standing.payer().get();
                for (var payee : standing.payees()) {
                    var paid = desk.get().ledger().redeemed(payer, payee);
                    redeemed.put(payee.toString(), paid.toString());
                }
            }
        }
        return Optional.of(redeemed);
    }

    private static Map<String, Object> facts(JobReport report) {
        var facts = new LinkedHashMap<String, Object>();
        facts.put("steps", report.steps());
        var stages = new ArrayList<Map<String, Object>>();
        for (var stage : report.stages()) {
            stages.add(
                    Map.of(
                            "worker", stage.worker().toString(),
                            "layers", stage.layers().toString(),
                            "account", stage.account().toString(),
                            "units", stage.units(),
                            "paid", stage.paid().toString()));
        }
        facts.put("stages", stages);
        return facts;
    }

    /** The job that is asked about: all of its id, or the beginning where that says which. */
    private static JobId named(JsonNode question, Map<JobId, ?> known) {
        var text = question.path("job").asString("");
        if (!PREFIX.matcher(text).matches()) {
            return JobId.parse(text);
        }
        var start = text.startsWith("0x") ? text.substring(2) : text;
        var fitting = known.keySet().stream().filter(it -> it.hex().startsWith(start)).toList();
        if (fitting.size() != 1) {
            throw new IllegalArgumentException(
                    (fitting.isEmpty() ? "no job" : fitting.size() + " jobs")
                            + " known here with an id that begins with "
                            + text);
        }
        return fitting.getFirst();
    }

    /**
     * Something that happened to a job.
     *
     * @param state the job's then, where this says it
     */
    private record Event(Instant at, String event, String state) {}

    /** As this node noted it, and as the ledger did. */
    private List<Event> events(JobId job) throws IOException, InterruptedException {
        var events = new ArrayList<Event>();
        for (var entry : node.jobDesk().events(job)) {
            var reason = entry.state().reason();
            events.add(
                    new Event(
                            entry.at(),
                            entry.state().label() + (reason.isEmpty() ? "" : ": " + reason),
                            entry.state().label()));
        }
        var desk = node.desk();
        if (desk.isPresent()) {
            for (var event : desk.get().events()) {
                recorded(event, job).ifPresent(events::add);
            }
        }
        events.sort(Comparator.comparing(Event::at));
        return events;
    }

    private static Optional<Event> recorded(LedgerEvent event, JobId id) {
        return switch (event.change()) {
            case Change.JobOpened(var job, var payer, var _) when job.equals(id.word()) ->
                    Optional.of(new Event(event.time(), "opened by " + payer, "open"));
            case Change.AgreementRecorded(var job, var _, var _, var payee)
                    when job.equals(id.word()) ->
                    Optional.of(new Event(event.time(), "agreed with " + payee, "open"));
            case Change.JobClosed(var job, var end, var _, var closer)
                    when job.equals(id.word()) -> {
                var label = end.name().toLowerCase(Locale.ROOT);
                yield Optional.of(new Event(event.time(), label + " by " + closer, label));
            }
            case Change _ -> Optional.empty();
        };
    }

    /** A running job is ended by its user's node; one that is only on the ledger, there. */
    private Map<String, ?> cancel(JsonNode question) throws IOException, InterruptedException {
        var id = named(question, jobs());
        var here = node.jobDesk().cancel(id);
        var facts = facts(id);
        if (here.isPresent()) {
            facts.put("outcome", here.get() ? "cancelled" : "unchanged");
            node.jobs().report(id).ifPresent(it -> facts.put("state", it.state().label()));
            return facts;
        }
        facts.putAll(LedgerRoutes.outcome(ledger(id).cancel(id.word())));
        return facts;
    }

    private LedgerDesk ledger(JobId id) {
        return node.desk()
                .orElseThrow(() ->
                        new IllegalArgumentException(
                                "job "
                                        + id.word()
                                        + " is none of this node's\n"
                                        + "  try: the same with the --home that it was asked for"
                                        + " from"));
    }
}
