package tensorlink.compute;

/**
 * Rotary position embedding: how fast each pair of a head's dimensions turns with the position.
 *
 * <p>Source: Su et al., "RoFormer: Enhanced Transformer with Rotary Position Embedding", 2021.
 *
 * @param theta the base of the frequencies, above 1
 */
public record Rope(double theta, Scaling scaling) {
    public Rope {
        if (!(theta > 1) || Double.isInfinite(theta)) {
            throw new IllegalArgumentException("rope theta " + theta + ", above 1");
        }
    }

    /** How frequencies are changed to reach contexts longer than those trained on. */
    public sealed interface Scaling {}

    public record None() implements Scaling {}

    /** Divides every frequency by {@code factor}. */
    public record Linear(double factor) implements Scaling {
        public Linear {
            requireFactor(factor);
        }
    }

    /**
     * Divides low frequencies by {@code factor}, keeps high ones, and blends between, as Llama 3.1
     * does.
     *
     * @param lowFrequency wavelengths above {@code originalContext / lowFrequency} are low
     * @param highFrequency wavelengths below {@code originalContext / highFrequency} are high
     * @param originalContext the context length trained on
     */
    public record Llama3(
            double factor, double lowFrequency, double highFrequency, int originalContext)
            implements Scaling {
        public Llama3 {
            requireFactor(factor);
            if (!(lowFrequency > 0) || !(highFrequency > lowFrequency) || originalContext < 1) {
                throw new IllegalArgumentException(
                        "rope bands "
                                + lowFrequency
                                + " to "
                                + highFrequency
                                + " of "
                                + originalContext
                                + " positions");
            }
        }

        private float scaled(float frequency) {
            float wavelength = (float) (2 * Math.PI / frequency);
            if (wavelength < originalContext / highFrequency) {
                return frequency;
            }
            if (wavelength > originalContext / lowFrequency) {
                return frequency / (float) factor;
            }
            float smooth =
                    (float)
                            ((originalContext / wavelength - (float) lowFrequency)
                                    / (highFrequency - lowFrequency));
            return (1 - smooth) * frequency / (float) factor + smooth * frequency;
        }
    }

    public static Rope of(double theta) {
        return new Rope(theta, new None());
    }

    /**
     * How far, in radians, each pair of dimensions turns from one position to the next. Rounded to
     * F32 at each step, as transformers does, in strict arithmetic.
     */
    public float[] frequencies(int headDim) {
        var frequencies = new float[headDim / 2];
        for (int i = 0; i < frequencies.length; i++) {
            float exponent = 2f * i / headDim;
            float frequency = 1f / (float) StrictMath.pow(theta, exponent);
            frequencies[i] =
                    switch (scaling) {
                        case None() -> frequency;
                        case Linear(double factor) -> frequency / (float) factor;
                        case Llama3 bands -> bands.scaled(frequency);
                    };
        }
        return frequencies;
    }

    private static void requireFactor(double factor) {
        if (!(factor >= 1) || Double.isInfinite(factor)) {
            throw new IllegalArgumentException("rope factor " + factor + ", at least 1");
        }
    }
}
