package tensorlink.compute.torch;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import tensorlink.compute.Architecture;
import tensorlink.compute.Family;
import tensorlink.compute.FeedForward;
import tensorlink.compute.GraphModel;
import tensorlink.compute.LayerRange;
import tensorlink.compute.Layout;
import tensorlink.compute.Lora;
import tensorlink.compute.ModelConfig;
import tensorlink.compute.Norm;
import tensorlink.compute.Part;
import tensorlink.compute.Positions;
import tensorlink.compute.Precision;
import tensorlink.compute.Task;
import tensorlink.compute.TrainingOptions;

/**
 * What a stage is, in the numbers that operators take: the lists {@code s} and {@code f} of the
 * source, whose names in capitals are places in them, or constants of the enums they name.
 *
 * <p>Of each {@link Part}, {@code s} has three places: where the part's weight is among the
 * parameters of its unit, where its bias is, or -1, and where the first of an adapter's two weights
 * is, or -1.
 */
final class Description {
    private static final Pattern NAME = Pattern.compile("\\b[A-Z][A-Z0-9_]+\\b");

    /** How many places a part has. */
    private static final int PLACES = 3;

    private static final int WINDOWS = Setting.values().length + PLACES * Part.values().length;
    private static final Map<String, Integer> VALUES = values();

    private enum Setting {
        FIRST,
        LAST,
        LAYER_COUNT,
        HEADS,
        KEY_HEADS,
        HEAD_DIM,
        TURNING,
        PADDING,
        NORM,
        PLACEMENT,
        FUSION,
        TRANSPOSED,
        ACTIVATION,
        /** What the head of a masked language model goes through. */
        TRANSFORM_ACTIVATION,
        /** Whether what is classified goes through a rectifier, else a hyperbolic tangent. */
        RECTIFIED,
        TASK,
        VOCABULARY,
        /** The row of the first position, where positions of padding do not count, or 0. */
        POSITION_OFFSET,
        EMBEDDING_PARAMETERS,
        LAYER_PARAMETERS,
        HEAD_PARAMETERS,
        /** Whether a backward is to come in two parts. */
        SPLIT,
        /** Whether products of matrices are of BF16. */
        NARROW
    }

    private enum Real {
        EPSILON,
        /** What scores are multiplied by; 0 for one over the root of a head's width. */
        SCALE,
        CAP,
        LOGIT_CAP,
        EMBEDDING_SCALE,
        /** What adapters give is multiplied by it. */
        ADAPTER_SCALE,
        /** How often values are dropped: the place's name says of what. */
        EMBEDDING_DROPOUT,
        ATTENTION_DROPOUT,
        ATTENTION_END_DROPOUT,
        FEED_FORWARD_END_DROPOUT,
        HEAD_INPUT_DROPOUT,
        HEAD_DROPOUT
    }

    private final String prefix;
    private final long[] integers;
    private final double[] numbers;

    private Description(String prefix, long[] integers, double[] numbers) {
        this.prefix = prefix;
        this.integers = integers;
        this.numbers = numbers;
    }

    /** The operator of this kind of model that does what {@code verb} says. */
    String method(String verb) {
        return prefix + verb;
    }

    /** The list s. */
    long[] integers() {
        return integers;
    }

    /** The list s for forwards as a training has them. */
    long[] inTraining(Precision precision) {
        return precision == Precision.BF16 ? with(integers, Setting.NARROW) : integers;
    }

    /** The list s for recording: besides for backwards in two parts, which a graph's always can. */
    long[] recording(TrainingOptions how) {
        var s = inTraining(how.precision());
        return how.splitsBackwards() && prefix.isEmpty() ? with(s, Setting.SPLIT) : s;
    }

    private static long[] with(long[] integers, Setting setting) {
        var s = integers.clone();
        set(s, setting, true);
        return s;
    }

    /** The list f. */
    double[] numbers() {
        return numbers;
    }

    private static Map<String, Integer> values() {
        var values = new HashMap<String, Integer>();
        values.put("WINDOWS", WINDOWS);
        for (var part : Part.values()) {
            put(values, part.name(), place(part));
        }
        for (var constants :
                List.of(
                        Setting.values(),
                        Real.values(),
                        Norm.Kind.values(),
                        Family.Placement.values(),
                        Family.Fusion.values(),
                        FeedForward.Activation.values(),
                        Task.Kind.values(),
                        GraphCode.values(),
                        GraphDescription.Head.values(),
                        GraphDescription.Cell.values())) {
            for (var constant : constants) {
                put(values, constant.name(), ordinal(constant));
            }
        }
        return Map.copyOf(values);
    }

    private static void put(Map<String, Integer> values, String name, int value) {
        if (values.put(name, value) != null) {
            throw new IllegalStateException("two meanings of " + name);
        }
    }

    /**
     * The same on both sides of a call into the module, which is all that these numbers are for.
     */
    @SuppressWarnings("EnumOrdinal")
    private static int ordinal(Enum<?> constant) {
        return constant.ordinal();
    }

    private static int place(Part part) {
        return Setting.values().length + PLACES * ordinal(part);
    }

    /** Puts numbers in the place of names. */
    static String resolve(String source) {
        return NAME.matcher(source)
                .replaceAll(match -> {
                    var value = VALUES.get(match.group());
                    if (value == null) {
                        throw new IllegalStateException("no meaning of " + match.group());
                    }
                    return value.toString();
                });
    }

    static Description of(Architecture architecture, LayerRange layers) {
        return switch (architecture) {
            case ModelConfig config -> of(config, layers);
            case GraphModel graph ->
                    new Description(
                            "graph_",
                            GraphDescription.integers(graph, layers),
                            GraphDescription.numbers(graph, layers));
        };
    }

    private static Description of(ModelConfig config, LayerRange layers) {
        var family = config.family();
        var attention = config.attention();
        var layout = config.layout();
        var s = new long[WINDOWS + layers.size()];
        set(s, Setting.FIRST, config.holdsEmbedding(layers));
        set(s, Setting.LAST, config.holdsHead(layers));
        set(s, Setting.LAYER_COUNT, layers.size());
        set(s, Setting.HEADS, attention.heads());
        set(s, Setting.KEY_HEADS, attention.keyHeads());
        set(s, Setting.HEAD_DIM, attention.headDim());
        set(s, Setting.TURNING, turning(config));
        set(s, Setting.PADDING, config.untrainedToken().orElse(-1));
        set(s, Setting.NORM, ordinal(family.norm()));
        set(s, Setting.PLACEMENT, ordinal(config.block().norm().placement()));
        set(s, Setting.FUSION, ordinal(family.fusion()));
        set(s, Setting.TASK, ordinal(config.task().kind()));
        set(s, Setting.VOCABULARY, config.vocabulary());
        set(s, Setting.POSITION_OFFSET, positionOffset(config));
        set(s, Setting.RECTIFIED, family == Family.DISTILBERT);
        set(s, Setting.TRANSFORM_ACTIVATION, ordinal(transformActivation(config)));
        set(s, Setting.TRANSPOSED, family.weight() == Family.Weight.COLUMNS_ARE_OUTPUTS);
        set(s, Setting.ACTIVATION, ordinal(config.feedForward().activation()));
        Arrays.fill(s, Setting.values().length, WINDOWS, -1);
        set(s, Setting.EMBEDDING_PARAMETERS, place(s, layout.embedding()));
        set(s, Setting.LAYER_PARAMETERS, place(s, layout.layer(0)));
        set(s, Setting.HEAD_PARAMETERS, place(s, layout.head()));
        for (int i = 0; i < layers.size(); i++) {
            s[WINDOWS + i] = attention.windows().get(layers.first() + i);
        }
        return new Description("", s, numbers(config));
    }

    /** Says where each of a unit's parameters is; returns how many there are. */
    private static int place(long[] s, List<Layout.Entry> unit) {
        for (int i = 0; i < unit.size(); i++) {
            var entry = unit.get(i);
            switch (entry.role()) {
                case WEIGHT -> s[place(entry.part())] = i;
                case BIAS -> s[place(entry.part()) + 1] = i;
                case ADAPTER_IN -> s[place(entry.part()) + 2] = i;
                case ADAPTER_OUT -> {} // behind the other
            }
        }
        return unit.size();
    }

    private static int turning(ModelConfig config) {
        return switch (config.block().positions()) {
            case Positions.Rotary rotary -> rotary.dimensions();
            case Positions.Learned ignored -> 0;
        };
    }

    private static int positionOffset(ModelConfig config) {
        return switch (config.block().positions()) {
            case Positions.Rotary ignored -> 0;
            case Positions.Learned(int offset) -> offset;
        };
    }

    /** RoBERTa's does not follow the configuration. */
    private static FeedForward.Activation transformActivation(ModelConfig config) {
        return config.family() == Family.ROBERTA
                ? FeedForward.Activation.GELU
                : config.feedForward().activation();
    }

    private static double[] numbers(ModelConfig config) {
        var attention = config.attention();
        boolean plain = attention.scoreWidth() == attention.headDim() && attention.cap() == 0;
        var f = new double[Real.values().length];
        f[ordinal(Real.EPSILON)] = config.block().norm().epsilon();
        f[ordinal(Real.SCALE)] = plain ? 0 : 1 / Math.sqrt(attention.scoreWidth());
        f[ordinal(Real.CAP)] = attention.cap();
        f[ordinal(Real.LOGIT_CAP)] = config.ends().logitCap();
        f[ordinal(Real.EMBEDDING_SCALE)] = (float) config.ends().embeddingScale();
        f[ordinal(Real.ADAPTER_SCALE)] = config.block().lora().map(Lora::scale).orElse(0.0);
        var dropout = config.dropoutSites();
        f[ordinal(Real.EMBEDDING_DROPOUT)] = dropout.embedding();
        f[ordinal(Real.ATTENTION_DROPOUT)] = dropout.attention();
        f[ordinal(Real.ATTENTION_END_DROPOUT)] = dropout.attentionEnd();
        f[ordinal(Real.FEED_FORWARD_END_DROPOUT)] = dropout.feedForwardEnd();
        f[ordinal(Real.HEAD_INPUT_DROPOUT)] = dropout.headInput();
        f[ordinal(Real.HEAD_DROPOUT)] = dropout.head();
        return f;
    }

    private static void set(long[] s, Setting setting, boolean value) {
        set(s, setting, value ? 1 : 0);
    }

    private static void set(long[] s, Setting setting, int value) {
        s[ordinal(setting)] = value;
    }
}
