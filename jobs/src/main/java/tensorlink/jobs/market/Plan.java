package tensorlink.jobs.market;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import tensorlink.compute.LayerRange;
import tensorlink.p2p.peer.PeerId;

/**
 * Which worker is to hold which layers, as a person reads and writes it: a line for each stage.
 *
 * <pre>
 * # from the first layer to the last
 * layers 0-3 on 12D3KooWExample
 * layer 4 on 12D3KooWOther
 * </pre>
 *
 * @param stages in order; together they hold every layer from 0 on once
 */
public record Plan(List<Part> stages) {
    public static final int TEXT_LENGTH_MAX = 1 << 16;

    /** A stage. */
    public record Part(LayerRange layers, PeerId worker) {
        @Override
        public String toString() {
            return layers + " on " + worker;
        }
    }

    public Plan {
        stages = List.copyOf(stages);
        if (stages.isEmpty()) {
            throw new IllegalArgumentException("a plan without stages");
        }
        int next = 0;
        var workers = new HashSet<PeerId>();
        for (var stage : stages) {
            if (stage.layers().first() != next) {
                throw new IllegalArgumentException(
                        "a gap or an overlap at layer " + next + ": " + stage.layers());
            }
            if (!workers.add(stage.worker())) {
                throw new IllegalArgumentException("worker " + stage.worker() + " is there twice");
            }
            next = stage.layers().end();
        }
    }

    /** What the workers of {@code plan} hold. */
    public static Plan of(JobPlan plan) {
        return new Plan(
                plan.stages().stream()
                        .map(stage -> new Part(stage.layers(), stage.worker().id()))
                        .toList());
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
                    "expected \"layers FIRST-LAST on WORKER\", got \"" + line + "\"");
        }
        var ends = words[1].split("-", -1);
        int first = number(ends[0]);
        int last = ends.length == 1 ? first : number(ends[1]);
        if (ends.length > 2 || last < first) {
            throw new IllegalArgumentException("layers " + words[1] + ", expected FIRST-LAST");
        }
        return new Part(new LayerRange(first, last + 1), PeerId.parse(words[3]));
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

    /** The layers of each stage. */
    public List<LayerRange> ranges() {
        return stages.stream().map(Part::layers).toList();
    }

    /** The worker of each stage. */
    public List<PeerId> workers() {
        return stages.stream().map(Part::worker).toList();
    }

    /** How many layers it covers. */
    public int layers() {
        return stages.getLast().layers().end();
    }
}
