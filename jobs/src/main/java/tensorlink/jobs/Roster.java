package tensorlink.jobs;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import tensorlink.jobs.job.JobId;

/**
 * The jobs of a user's node: those that are being started, those that run, and the last that ended.
 * A model whose job was begun anew is here under the ids of all of them. Safe for use by any
 * thread.
 */
final class Roster {
    static final int REMEMBERED_MAX = 1_000;

    private final ReentrantLock lock = new ReentrantLock();
    private final Map<JobId, Starting> starting = new LinkedHashMap<>();
    private final Map<JobId, DistributedModel> running = new LinkedHashMap<>();
    private final Map<JobId, JobReport> ended =
            new LinkedHashMap<>() {
                @Override
                protected boolean removeEldestEntry(Map.Entry<JobId, JobReport> eldest) {
                    return size() > REMEMBERED_MAX;
                }
            };

    void begin(JobId job, Starting attempt) {
        lock.lock();
        try {
            starting.put(job, attempt);
        } finally {
            lock.unlock();
        }
    }

    /** An attempt is over, for good or ill; how it stands is known until it runs. */
    void begun(JobId job, Starting attempt) {
        lock.lock();
        try {
            starting.remove(job);
            ended.put(job, attempt.report());
        } finally {
            lock.unlock();
        }
    }

    void run(JobId job, DistributedModel model) {
        lock.lock();
        try {
            ended.remove(job);
            running.put(job, model);
        } finally {
            lock.unlock();
        }
    }

    void over(DistributedModel model) {
        var report = model.report();
        lock.lock();
        try {
            for (var entry : List.copyOf(running.entrySet())) {
                if (entry.getValue() == model) {
                    running.remove(entry.getKey());
                    ended.put(entry.getKey(), report);
                }
            }
        } finally {
            lock.unlock();
        }
    }

    Optional<JobReport> report(JobId job) {
        lock.lock();
        try {
            return standing(job);
        } finally {
            lock.unlock();
        }
    }

    private Optional<JobReport> standing(JobId job) {
        return Optional.ofNullable(running.get(job))
                .map(DistributedModel::report)
                .or(() -> Optional.ofNullable(starting.get(job)).map(Starting::report))
                .or(() -> Optional.ofNullable(ended.get(job)));
    }

    /** One for each job, oldest first, whatever ids it has had. */
    List<JobReport> reports() {
        lock.lock();
        try {
            var reports = new ArrayList<>(new LinkedHashSet<>(ended.values()));
            for (var model : new LinkedHashSet<>(running.values())) {
                reports.add(model.report());
            }
            starting.values().forEach(attempt -> reports.add(attempt.report()));
            return List.copyOf(reports);
        } finally {
            lock.unlock();
        }
    }

    boolean cancel(JobId job, String reason) {
        @Nullable DistributedModel model;
        @Nullable Starting attempt;
        lock.lock();
        try {
            model = running.get(job);
            attempt = starting.get(job);
        } finally {
            lock.unlock();
        }
        if (attempt != null) {
            attempt.cancel(reason);
        }
        if (model != null) {
            model.cancel(reason);
        }
        return attempt != null || model != null;
    }

    void cancelAll(String reason) {
        var jobs = new ArrayList<JobId>();
        lock.lock();
        try {
            jobs.addAll(starting.keySet());
            jobs.addAll(running.keySet());
        } finally {
            lock.unlock();
        }
        jobs.forEach(job -> cancel(job, reason));
    }
}
