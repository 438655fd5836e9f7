package tensorlink.compute.optim;

/** Checks of settings; NaN is never within range. */
final class Require {
    private Require() {}

    static void nonNegative(String name, double value) {
        require(value >= 0, name, value);
    }

    static void positive(String name, double value) {
        require(value > 0, name, value);
    }

    /** In [0, 1). */
    static void decay(String name, double value) {
        require(value >= 0 && value < 1, name, value);
    }

    static void require(boolean holds, String name, double value) {
        if (!holds || Double.isInfinite(value)) {
            throw new IllegalArgumentException(name + " " + value + " is out of range");
        }
    }
}
