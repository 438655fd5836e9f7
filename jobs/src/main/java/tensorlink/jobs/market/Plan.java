package tensorlink.jobs.market;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import tensorlink.compute.LayerRange;
import tensorlink.jobs.job.Grid;
import tensorlink.p2p.peer.PeerId;

/**
 * Which worker is to hold which layers, as a person reads and writes it: a line for each stage.
 *
 * <pre>
 * # from the first layer to the last
 * layer 0 on here
 * layers 1-3 on 12D3KooWExample
 * layer 4 on 12D3KooWOther
 * </pre>
 *
 * <p>After the last layer the first may come again, on other workers: then what follows is another
 * replica of the same stages.
 *
 * @param stages counted through as their {@link Grid} says. The first and the last may be here, on
 *     the machine of whoever asks for the job, but not all, and not with replicas
 */
public record Plan(List<Part> stages) {
    public static final int TEXT_LENGTH_MAX = 1 << 16;

    private static final String HERE = "here";

    /** Where a stage is. */
    public sealed interface Place {
        /** On a worker. */
        record On(PeerId worker) implements Place {
            @Override
            public String toString() {
                return worker.toString();
            }
        }

        /** On the user's own machine. */
        record Here() implements Place {
            @Override
            public String toString() {
                return HERE;
            }
        }
    }

    /** A stage. */
    public record Part(LayerRange layers, Place place) {
        /** A stage on a worker. */
        public Part(LayerRange layers, PeerId worker) {
            this(layers, new Place.On(worker));
        }

        @Override
        public String toString() {
            return layers + " on " + place;
        }

        private boolean isHere() {
            return place instanceof Place.Here;
        }
    }

    public Plan {
        stages = List.copyOf(stages);
        var grid = Grid.of(stages.stream().map(Part::layers).toList());
        var workers = new HashSet<PeerId>();
        for (var stage : stages) {
            if (stage.place() instanceof Place.On(var worker) && !workers.add(worker)) {
                throw new IllegalArgumentException("worker " + worker + " is there twice");
            }
        }
        if (workers.isEmpty()) {
            throw new IllegalArgumentException(
                    "all layers are here: that is a local run, not a job");
        }
        if (grid.replicas() > 1 && stages.stream().anyMatch(Part::isHere)) {
            throw new IllegalArgumentException(
                    "layers here and " + grid.replicas() + " replicas, expected 1");
        }
        for (int stage = 1; stage < stages.size() - 1; stage++) {
            if (stages.get(stage).isHere()) {
                throw new IllegalArgumentException(
                        stages.get(stage) + ": only the first and the last stage may be here");
            }
        }
    }

    /** How its places lie. */
    public Grid grid() {
        return Grid.of(stages.stream().map(Part::layers).toList());
    }

    /**
     * Reads what {@link #text} wrote, or a person did.
     *
     * @throws IllegalArgumentException naming the line and what is wrong with it
     */
    public static Plan parse(String text) {
        if (text.length() > TEXT_LENGTH_MAX) {
            throw new IllegalArgumentException(
                    "plan of " + text.length() + " characters, at most " + TEXT_LENGTH_MAX);
        }
        var stages = new ArrayList<Part>();
        var lines = text.lines().toList();
        for (int i = 0; i < lines.size(); i++) {
            var line = lines.get(i).strip();
            if (line.isEmpty() || line.startsWith("#")) {
                continue;
            }
            try {
                stages.add(part(line));
            } catch (IllegalArgumentException wrong) {
                throw new IllegalArgumentException(
                        "line " + (i + 1) + ": " + wrong.getMessage(), wrong);
            }
        }
        return new Plan(stages);
    }

    private static Part part(String line) {
        var words = line.split("\\s+", -1);
        if (words.length != 4
                || !(words[0].equals("layers") || words[0].equals("layer"))
                || !words[2].equals("on")) {
            throw new IllegalArgumentException(
                    "expected \"layers FIRST-LAST on WORKER\", or \"here\", got \"" + line + "\"");
        }
        var ends = words[1].split("-", -1);
        int first = number(ends[0]);
        int last = ends.length == 1 ? first : number(ends[1]);
        if (ends.length > 2 || last < first) {
            throw new IllegalArgumentException("layers " + words[1] + ", expected FIRST-LAST");
        }
        var layers = new LayerRange(first, last + 1);
        return words[3].equals(HERE)
                ? new Part(layers, new Place.Here())
                : new Part(layers, PeerId.parse(words[3]));
    }

    private static int number(String text) {
        if (!text.matches("[0-9]{1,6}")) {
            throw new IllegalArgumentException("layer \"" + text + "\", expected a number");
        }
        return Integer.parseInt(text);
    }

    /** A line for each stage. */
    public String text() {
        var text = new StringBuilder();
        for (var stage : stages) {
            text.append(stage).append('\n');
        }
        return text.toString();
    }

    /** The layers of each stage that is not here, of one replica. */
    public List<LayerRange> ranges() {
        return stages.stream()
                .limit(grid().stages())
                .filter(stage -> !stage.isHere())
                .map(Part::layers)
                .toList();
    }

    /** The worker of each stage of each replica. */
    public List<PeerId> workers() {
        var workers = new ArrayList<PeerId>();
        for (var stage : stages) {
            if (stage.place() instanceof Place.On(var worker)) {
                workers.add(worker);
            }
        }
        return workers;
    }

    /** How many of the first layers are here. */
    public int firstHere() {
        return stages.getFirst().isHere() ? stages.getFirst().layers().size() : 0;
    }

    /** How many of the last layers are here. */
    public int lastHere() {
        return stages.getLast().isHere() ? stages.getLast().layers().size() : 0;
    }

    /** How many layers it covers. */
    public int layers() {
        return stages.getLast().layers().end();
    }
}
