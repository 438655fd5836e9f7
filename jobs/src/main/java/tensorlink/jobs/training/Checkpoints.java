package tensorlink.jobs.training;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import tensorlink.compute.Model;
import tensorlink.compute.StageState;

/**
 * The checkpoints of a run, {@code checkpoint-<step>} in its folder: each complete or not there,
 * and only the newest few.
 */
public final class Checkpoints {
    private static final Pattern NAME = Pattern.compile("checkpoint-(\\d{1,18})");

    private final Path folder;
    private final int keep;

    /**
     * @param keep how many stay, at least 1
     */
    public Checkpoints(Path folder, int keep) {
        if (keep < 1) {
            throw new IllegalArgumentException("keep " + keep + ", at least 1");
        }
        this.folder = folder;
        this.keep = keep;
    }

    /** The newest one, if there is any. */
    public Optional<Path> newest() throws IOException {
        var all = all();
        return all.isEmpty() ? Optional.empty() : Optional.of(all.getLast());
    }

    /** Writes what {@link #keep} will make a checkpoint; anew, if that was begun before. */
    void write(Model model, StageState held, TrainerState state, Trainer.Course course)
            throws IOException, InterruptedException {
        var draft = hidden(at(state.step()), "draft");
        delete(draft);
        Checkpoint.write(draft, model, held, state, course);
    }

    /** Makes what was written a checkpoint, and lets go of the oldest. */
    Path keep(long step) throws IOException {
        var target = at(step);
        discard(target); // of a run that came here before
        Files.move(hidden(target, "draft"), target, StandardCopyOption.ATOMIC_MOVE);
        var all = all();
        for (var old : all.subList(0, Math.max(0, all.size() - keep))) {
            discard(old);
        }
        return target;
    }

    private Path at(long step) {
        return folder.resolve("checkpoint-" + step);
    }

    /** Oldest first. */
    private List<Path> all() throws IOException {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        var found = new ArrayList<Path>();
        try (var entries = Files.newDirectoryStream(folder)) {
            for (var entry : entries) {
                if (NAME.matcher(String.valueOf(entry.getFileName())).matches()) {
                    found.add(entry);
                }
            }
        }
        found.sort(Comparator.comparingLong(Checkpoints::step));
        return found;
    }

    private static long step(Path checkpoint) {
        var matcher = NAME.matcher(String.valueOf(checkpoint.getFileName()));
        return matcher.matches() ? Long.parseLong(matcher.group(1)) : -1;
    }

    /** Takes its name away first: half a checkpoint must not be found. */
    private static void discard(Path checkpoint) throws IOException {
        if (Files.exists(checkpoint)) {
            var doomed = hidden(checkpoint, "old");
            delete(doomed);
            Files.move(checkpoint, doomed, StandardCopyOption.ATOMIC_MOVE);
            delete(doomed);
        }
    }

    private static Path hidden(Path checkpoint, String what) {
        return checkpoint.resolveSibling("." + checkpoint.getFileName() + "." + what);
    }

    /** Deletes a folder and the files in it. */
    private static void delete(Path draft) throws IOException {
        if (Files.isDirectory(draft)) {
            try (var files = Files.newDirectoryStream(draft)) {
                for (var file : files) {
                    Files.delete(file);
                }
            }
        }
        Files.deleteIfExists(draft);
    }
}
