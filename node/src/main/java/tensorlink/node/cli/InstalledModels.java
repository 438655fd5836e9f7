package tensorlink.node.cli;

import java.io.IOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import tensorlink.compute.Model;
import tensorlink.jobs.job.Publication;
import tensorlink.node.Home;
import tensorlink.node.hub.PublicationFile;

/** The models in a home, each a Hugging Face folder under its name. */
final class InstalledModels {
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}");

    private final Path folder;

    InstalledModels(Home home) {
        this.folder = home.models();
    }

    /** Their names, sorted. */
    List<String> names() throws IOException {
        var names = new ArrayList<String>();
        if (Files.isDirectory(folder)) {
            try (var entries = Files.newDirectoryStream(folder, Files::isDirectory)) {
                for (var entry : entries) {
                    var name = String.valueOf(entry.getFileName());
                    if (NAME.matcher(name).matches()) {
                        names.add(name);
                    }
                }
            }
        }
        names.sort(null);
        return names;
    }

    /** The folder of a model of this name, whether or not there is one. */
    Path folderOf(String name) {
        return folder.resolve(name);
    }

    /**
     * Where a model is.
     *
     * @param said a folder, or the name of a model in this home
     * @throws UsageException when it is neither
     */
    Path find(String said) {
        var path = Path.of(said);
        if (Files.isDirectory(path)) {
            return path;
        }
        if (NAME.matcher(said).matches() && Files.isDirectory(folder.resolve(said))) {
            return folder.resolve(said);
        }
        throw new UsageException(
                "MODEL "
                        + said
                        + ": neither a folder nor a model in "
                        + folder
                        + "\n  try: tensorlink model list");
    }

    /**
     * Keeps a model under {@code name}: all of it appears there, or nothing.
     *
     * @param published where it is from, if from a hub
     * @return its folder
     * @throws RefusedException when there is one of that name
     */
    Path add(String name, Model model, Optional<Publication> published)
            throws IOException, InterruptedException {
        requireFree(name);
        var target = folder.resolve(name);
        Files.createDirectories(folder);
        var unfinished = Files.createTempDirectory(folder, ".import-");
        try {
            model.save(unfinished);
            if (published.isPresent()) {
                PublicationFile.write(unfinished, published.get());
            }
            Files.move(unfinished, target, StandardCopyOption.ATOMIC_MOVE);
        } catch (FileAlreadyExistsException | DirectoryNotEmptyException meanwhile) {
            requireFree(target);
            throw meanwhile;
        } finally {
            Home.delete(unfinished);
        }
        return target;
    }

    /**
     * @throws UsageException when no model can be called so
     * @throws RefusedException when one is
     */
    void requireFree(String name) {
        if (!NAME.matcher(name).matches()) {
            throw new UsageException(
                    "--name "
                            + name.replaceAll("[^ -~]", "?")
                            + ": must be 1 to 100 letters, digits, '.', '_' and '-'; not first"
                            + " '.'");
        }
        requireFree(folder.resolve(name));
    }

    private static void requireFree(Path target) {
        if (Files.exists(target)) {
            throw new RefusedException(target + " exists already and is not overwritten");
        }
    }
}
