package tensorlink.node.runtime;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import tensorlink.compute.child.Kernels;
import tensorlink.compute.format.AtomicFile;
import tensorlink.node.hub.MavenRepository;

/** What a node can compute with, and what was chosen. */
public final class Runtimes {
    /** The kernels that came with this program. */
    public static final String BUNDLED = "cpu";

    private static final String CHOSEN = "chosen";
    private static final int CHOSEN_BYTES_MAX = 4096;

    /** A library in a jar of natives, in the folder of its flavour and platform. */
    private static final Pattern LIBRARY = Pattern.compile("pytorch/[^/]+/[^/]+/[^/]+\\.so[.0-9]*");

    private final Path folder;
    private final List<RuntimeSet> sets;
    private final String platform;

    /**
     * Those of a home.
     *
     * @param folder where they are fetched to
     */
    public Runtimes(Path folder) {
        this(folder, List.of(RuntimeSet.CUDA), RuntimeSet.ownPlatform());
    }

    Runtimes(Path folder, List<RuntimeSet> sets, String platform) {
        this.folder = folder;
        this.sets = sets;
        this.platform = platform;
    }

    /** Where a set of libraries is. */
    public enum State {
        /** It came with this program. */
        BUNDLED,
        /** It is in the home. */
        INSTALLED,
        /** It can be fetched. */
        AVAILABLE,
        /** It is for other machines. */
        FOREIGN,
        /** Somebody installed it elsewhere. */
        ELSEWHERE
    }

    /**
     * A set of libraries.
     *
     * @param name by which it is chosen; a path for what is elsewhere
     * @param torch the version of libtorch
     * @param flavour {@code cpu}, or {@code cu} with CUDA's version
     * @param bytes to fetch, 0 for what need not be
     */
    public record Entry(
            String name, String torch, String flavour, State state, long bytes, boolean chosen) {}

    /**
     * All of them.
     *
     * @throws RuntimeChoiceException when what was chosen is not there any more, or does not fit
     */
    public List<Entry> list() throws IOException {
        var chosen = chosen();
        var entries = new ArrayList<Entry>();
        entries.add(
                new Entry(
                        BUNDLED,
                        TorchFolder.VERSION,
                        "cpu",
                        State.BUNDLED,
                        0,
                        chosen.equals(BUNDLED)));
        for (var set : sets) {
            entries.add(
                    new Entry(
                            set.name(),
                            set.torch(),
                            set.flavour(),
                            state(set),
                            set.bytes(),
                            chosen.equals(set.name())));
        }
        if (entries.stream().noneMatch(Entry::chosen)) {
            var found = TorchFolder.check(Path.of(chosen));
            entries.add(
                    new Entry(
                            chosen,
                            TorchFolder.VERSION,
                            found.flavour(),
                            State.ELSEWHERE,
                            0,
                            true));
        }
        return List.copyOf(entries);
    }

    private State state(RuntimeSet set) throws IOException {
        if (!set.platform().equals(platform)) {
            return State.FOREIGN;
        }
        return isWhole(set) ? State.INSTALLED : State.AVAILABLE;
    }

    /** Bytes that are not there under their names yet, which only what was found right has. */
    private long missing(RuntimeSet set) throws IOException {
        long missing = 0;
        for (var library : set.libraries()) {
            var file = folderOf(set).resolve(library.fileName());
            boolean here = Files.isRegularFile(file) && Files.size(file) == library.size();
            missing += here ? 0 : library.size();
        }
        return missing;
    }

    private Path folderOf(RuntimeSet set) {
        return folder.resolve(set.name() + "-" + set.torch());
    }

    /**
     * Fetches a set of libraries, and goes on where an earlier call was interrupted.
     *
     * @throws RuntimeChoiceException when there is no set of this name, it is for other machines,
     *     or there is no room for it
     * @throws IOException when a library cannot be had, or is not what it should be
     */
    public void install(String name, MavenRepository repository)
            throws IOException, InterruptedException {
        if (name.equals(BUNDLED)) {
            return;
        }
        var set = set(name).orElseThrow(() -> unknown(name));
        if (!set.platform().equals(platform)) {
            throw new RuntimeChoiceException(
                    name, "is for " + set.platform() + ", this machine is " + platform);
        }
        var into = folderOf(set);
        Files.createDirectories(into);
        requireRoom(name, into, missing(set));
        for (var library : set.libraries()) {
            var _ = repository.fetch(library, into);
        }
        if (!Files.isDirectory(unpacked(set))) {
            unpack(set);
        }
    }

    /**
     * Takes libtorch out of its jar. The Deep Java Library would do so only where it finds CUDA's
     * own libraries installed, which these bring along.
     */
    private void unpack(RuntimeSet set) throws IOException {
        var unfinished = folderOf(set).resolve("lib.part");
        Files.createDirectories(unfinished);
        try (var jar = new ZipFile(set.natives(folderOf(set)).toFile())) {
            var libraries =
                    jar.stream()
                            .filter(entry -> LIBRARY.matcher(entry.getName()).matches())
                            .toList();
            if (libraries.isEmpty()) {
                throw new RuntimeChoiceException(set.name(), "there is no library in its jar");
            }
            long needed = libraries.stream().mapToLong(ZipEntry::getSize).sum();
            requireRoom(set.name(), unfinished, needed);
            for (var library : libraries) {
                var name = library.getName().substring(library.getName().lastIndexOf('/') + 1);
                try (var in = jar.getInputStream(library)) {
                    Files.copy(in, unfinished.resolve(name), StandardCopyOption.REPLACE_EXISTING);
                }
            }
        }
        Files.move(unfinished, unpacked(set), StandardCopyOption.ATOMIC_MOVE);
    }

    private static void requireRoom(String name, Path folder, long needed) throws IOException {
        long free = Files.getFileStore(folder).getUsableSpace();
        if (free < needed) {
            throw new RuntimeChoiceException(
                    name,
                    String.format(
                            Locale.ROOT,
                            "needs %,d bytes in %s, where %,d are free",
                            needed,
                            folder,
                            free));
        }
    }

    private Path unpacked(RuntimeSet set) {
        return folderOf(set).resolve("lib");
    }

    private boolean isWhole(RuntimeSet set) throws IOException {
        return missing(set) == 0 && Files.isDirectory(unpacked(set));
    }

    /**
     * Chooses what nodes of this home compute with, from their next start on.
     *
     * @param said {@link #BUNDLED}, the name of an installed set, or the folder of a libtorch
     * @throws RuntimeChoiceException when that is not there, or does not fit
     */
    public void use(String said) throws IOException, InterruptedException {
        var chosen = said;
        if (!said.equals(BUNDLED)) {
            var set = set(said);
            if (set.isPresent()) {
                requireInstalled(set.get());
            } else if (Files.isDirectory(Path.of(said))) {
                chosen = Path.of(said).toAbsolutePath().normalize().toString();
                var _ = TorchFolder.check(Path.of(chosen));
            } else {
                throw unknown(said);
            }
        }
        Files.createDirectories(folder);
        AtomicFile.write(folder.resolve(CHOSEN), chosen.getBytes(StandardCharsets.UTF_8));
    }

    private void requireInstalled(RuntimeSet set) throws IOException {
        if (!isWhole(set)) {
            throw new RuntimeChoiceException(
                    set.name(),
                    "is not installed whole\n  try: tensorlink runtime install " + set.name());
        }
    }

    /**
     * What was chosen, looked at again; empty for what came with this program.
     *
     * @throws RuntimeChoiceException when it is not there any more, or does not fit
     */
    public Optional<Kernels> kernels() throws IOException {
        var chosen = chosen();
        if (chosen.equals(BUNDLED)) {
            return Optional.empty();
        }
        var set = set(chosen);
        if (set.isEmpty()) {
            return Optional.of(TorchFolder.check(Path.of(chosen)).kernels());
        }
        requireInstalled(set.get());
        return Optional.of(kernels(set.get()));
    }

    /** What the chosen kernels are for: {@code cpu}, or {@code cu} with CUDA's version. */
    public String flavour() throws IOException {
        for (var entry : list()) {
            if (entry.chosen()) {
                return entry.flavour();
            }
        }
        throw new IllegalStateException("nothing is chosen"); // list adds what it does not know
    }

    private Kernels kernels(RuntimeSet set) {
        return new Kernels(
                set.jars(folderOf(set)),
                TorchFolder.properties(unpacked(set), set.torch(), set.flavour()));
    }

    private String chosen() throws IOException {
        var file = folder.resolve(CHOSEN);
        if (!Files.exists(file)) {
            return BUNDLED;
        }
        if (Files.size(file) > CHOSEN_BYTES_MAX) {
            throw new RuntimeChoiceException(
                    file.toString(), "more than " + CHOSEN_BYTES_MAX + " bytes");
        }
        return Files.readString(file).strip();
    }

    private Optional<RuntimeSet> set(String name) {
        return sets.stream().filter(set -> set.name().equals(name)).findFirst();
    }

    private static RuntimeChoiceException unknown(String name) {
        return new RuntimeChoiceException(
                name, "neither a runtime nor a folder\n  try: tensorlink runtime list");
    }
}
