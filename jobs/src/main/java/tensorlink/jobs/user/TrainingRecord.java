package tensorlink.jobs.user;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tensorlink.compute.Digest;
import tensorlink.compute.format.AtomicFile;
import tensorlink.jobs.message.HeldJob;
import tensorlink.jobs.message.LoggedStep;
import tensorlink.jobs.message.Manifest;
import tensorlink.p2p.core.ProtocolViolation;

/**
 * What a user keeps of one training so that nothing that happens to workers, or to the user's own
 * process, loses a step or applies one twice: the steps that count, the last checkpoint, and the
 * steps since then with all that is needed to do them again.
 *
 * <p>A folder: {@code model}, the digest of what was begun with; {@code commits} ({@link
 * CommitLog}); {@code checkpoint-N} ({@link Checkpoint}), none before the first; {@code steps-N}
 * ({@link StepLog}), those after checkpoint N; {@code job} ({@link HeldJob}) and {@code asked}
 * ({@link Tab}), with which a process goes on whose predecessor is gone. A step is logged first and
 * counts when it is in {@code commits}. For one thread.
 */
public final class TrainingRecord implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(TrainingRecord.class);
    private static final String MODEL = "model";
    private static final String COMMITS = "commits";
    private static final String CHECKPOINT = "checkpoint-";
    private static final String STEPS = "steps-";
    private static final String JOB = "job";
    private static final String ASKED = "asked";

    private final Path folder;
    private final CommitLog commits;
    private StepLog steps;
    private @Nullable Checkpoint checkpoint;
    private @Nullable Tab tab;

    private TrainingRecord(
            Path folder, CommitLog commits, StepLog steps, @Nullable Checkpoint checkpoint) {
        this.folder = folder;
        this.commits = commits;
        this.steps = steps;
        this.checkpoint = checkpoint;
    }

    /** Does a step again. */
    public interface Redo {
        void redo(LoggedStep step) throws IOException, InterruptedException;
    }

    /** How many steps count of the training kept in {@code folder}; 0 where none is. */
    public static long stepsIn(Path folder) throws IOException {
        var commits = folder.resolve(COMMITS);
        if (!Files.exists(folder.resolve(MODEL)) || !Files.exists(commits)) {
            return 0;
        }
        var entries = CommitLog.read(commits);
        return entries.isEmpty() ? 0 : entries.getLast().step();
    }

    /**
     * Opens the record in {@code folder}, an empty one when there is none.
     *
     * @param model names what the training begins with
     * @throws IOException when it is damaged, or is another model's
     */
    public static TrainingRecord open(Path folder, Digest model) throws IOException {
        Files.createDirectories(folder);
        requireSame(folder.resolve(MODEL), model);
        var newest = newestCheckpoint(folder);
        var commits = CommitLog.open(folder.resolve(COMMITS));
        Checkpoint checkpoint = null;
        try {
            checkpoint = newest == null ? null : Checkpoint.open(newest);
            long after = checkpoint == null ? 0 : checkpoint.step();
            if (after > commits.step()) {
                throw new IOException(
                        folder
                                + ": a checkpoint of step "
                                + after
                                + ", and "
                                + commits.step()
                                + " steps count");
            }
            var steps = StepLog.open(folder.resolve(STEPS + after), after, commits.step());
            var record = new TrainingRecord(folder, commits, steps, checkpoint);
            record.tidy();
            return record;
        } catch (IOException | RuntimeException damaged) {
            commits.close();
            if (checkpoint != null) {
                checkpoint.close();
            }
            throw damaged;
        }
    }

    private static void requireSame(Path file, Digest model) throws IOException {
        if (!Files.exists(file)) {
            Files.writeString(file, model.hex() + "\n", StandardCharsets.US_ASCII);
            return;
        }
        var begunWith = Files.readString(file, StandardCharsets.US_ASCII).strip();
        if (!begunWith.equals(model.hex())) {
            throw new IOException(
                    file.getParent()
                            + " holds the training of another model: it began with weights "
                            + begunWith
                            + ", these are "
                            + model.hex());
        }
    }

    private static @Nullable Path newestCheckpoint(Path folder) throws IOException {
        return beginningWith(folder, CHECKPOINT).stream()
                .filter(file -> number(file) >= 0)
                .max(Comparator.comparingLong(TrainingRecord::number))
                .orElse(null);
    }

    private static List<Path> beginningWith(Path folder, String prefix) throws IOException {
        var found = new ArrayList<Path>();
        try (var files = Files.newDirectoryStream(folder, prefix + "*")) {
            files.forEach(found::add);
        }
        return found;
    }

    /** The number at the end of a name; -1 for a draft. */
    private static long number(Path file) {
        var name = file.getFileName().toString();
        try {
            return Long.parseLong(name.substring(name.indexOf('-') + 1));
        } catch (NumberFormatException draft) {
            return -1;
        }
    }

    /** How many steps count. */
    public long step() {
        return commits.step();
    }

    /** The last checkpoint; empty while the model itself is where to go back to. */
    public Optional<Checkpoint> checkpoint() {
        return Optional.ofNullable(checkpoint);
    }

    /** The step of the last checkpoint; 0 for the model itself. */
    public long checkpointStep() {
        return checkpoint == null ? 0 : checkpoint.step();
    }

    /**
     * Makes a step count; when this returns it does, whatever happens next.
     *
     * @throws IllegalArgumentException when it is not the step after {@link #step}
     */
    public void commit(LoggedStep step) throws IOException {
        steps.append(step);
        commits.append(
                new CommitLog.Entry(
                        step.step(),
                        step.stages().stream().map(LoggedStep.Outcome::gradients).toList()));
    }

    /**
     * Notes a job that begins to run, and from now on what is asked of its stages, for the process
     * that follows on this one.
     */
    public void hold(HeldJob held, List<WorkerLink> links)
            throws IOException, InterruptedException {
        freed();
        var opened = Tab.open(folder.resolve(ASKED));
        tab = opened;
        for (var link : links) {
            link.account().keep(opened, link.stage());
        }
        AtomicFile.write(folder.resolve(JOB), held.encode().toByteArray());
    }

    /** Has the accounts of a job that is taken up go on where they were. */
    public void takeUp(List<StageAccount> accounts) throws IOException {
        var opened = Tab.open(folder.resolve(ASKED));
        tab = opened;
        for (int stage = 0; stage < accounts.size(); stage++) {
            accounts.get(stage).takeUp(opened, stage);
        }
    }

    /** Nobody has stages any more. */
    public void freed() throws IOException {
        closeTab();
        Files.deleteIfExists(folder.resolve(JOB));
        Files.deleteIfExists(folder.resolve(ASKED));
    }

    private void closeTab() throws IOException {
        var opened = tab;
        tab = null;
        if (opened != null) {
            opened.close();
        }
    }

    /**
     * The job that ran when it was noted last, if any.
     *
     * @throws IOException when the note is damaged
     */
    public Optional<HeldJob> held() throws IOException {
        var file = folder.resolve(JOB);
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        if (Files.size(file) > HeldJob.BYTES_MAX) {
            throw new IOException(file + ": more than " + HeldJob.BYTES_MAX + " bytes");
        }
        try {
            return Optional.of(HeldJob.decode(ByteString.copyFrom(Files.readAllBytes(file))));
        } catch (ProtocolViolation damaged) {
            throw new IOException(file + " is damaged: " + damaged.getMessage(), damaged);
        }
    }

    /** Hands over the steps since the checkpoint, oldest first. */
    public void replay(Redo redo) throws IOException, InterruptedException {
        steps.forEach(redo::redo);
    }

    /** Keeps a checkpoint of the last step that counts; what came before is forgotten. */
    public void keep(Manifest manifest, Checkpoint.Source source)
            throws IOException, InterruptedException {
        long step = step();
        var target = folder.resolve(CHECKPOINT + step);
        delete(Checkpoint.draft(target));
        Checkpoint.write(target, step, manifest, source);
        force(folder);
        var fresh = Checkpoint.open(target);
        var next = StepLog.open(folder.resolve(STEPS + step), step, step);
        close(checkpoint);
        steps.close();
        checkpoint = fresh;
        steps = next;
        tidy();
    }

    /** So that a name survives a power cut too; not every system can. */
    private static void force(Path directory) {
        try (var channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        } catch (IOException unsupported) {
            log.debug("{}: not forced: {}", directory, unsupported.getMessage());
        }
    }

    /** Deletes all but the commits: nothing will be done again. */
    public void forget() throws IOException {
        close();
        for (var prefix : List.of(CHECKPOINT, STEPS, MODEL)) {
            for (var file : beginningWith(folder, prefix)) {
                delete(file);
            }
        }
    }

    /** Deletes what newer files have replaced. */
    private void tidy() throws IOException {
        long current = checkpointStep();
        for (var prefix : List.of(CHECKPOINT, STEPS)) {
            for (var file : beginningWith(folder, prefix)) {
                if (number(file) != current) {
                    delete(file);
                }
            }
        }
    }

    /** Deletes a file, or a folder of files. */
    private static void delete(Path file) throws IOException {
        if (Files.isDirectory(file)) {
            for (var inside : beginningWith(file, "")) {
                Files.deleteIfExists(inside);
            }
        }
        Files.deleteIfExists(file);
    }

    @Override
    public void close() throws IOException {
        close(checkpoint);
        try (commits) {
            closeTab();
            steps.close();
        }
    }

    private static void close(@Nullable Checkpoint opened) {
        if (opened != null) {
            opened.close();
        }
    }
}
