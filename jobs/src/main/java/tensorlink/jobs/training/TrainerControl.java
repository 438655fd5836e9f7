package tensorlink.jobs.training;

/**
 * What a {@link TrainerCallback} may ask of its {@link Trainer}. A wish is granted at the end of
 * the step, once.
 */
public final class TrainerControl {
    private boolean stop;
    private boolean log;
    private boolean evaluate;
    private boolean save;

    TrainerControl() {}

    /** No further step. */
    public void stop() {
        stop = true;
    }

    public void log() {
        log = true;
    }

    public void evaluate() {
        evaluate = true;
    }

    public void save() {
        save = true;
    }

    boolean isStopped() {
        return stop;
    }

    boolean takeLog(boolean due) {
        boolean wanted = log || due;
        log = false;
        return wanted;
    }

    boolean takeEvaluate(boolean due) {
        boolean wanted = evaluate || due;
        evaluate = false;
        return wanted;
    }

    boolean takeSave(boolean due) {
        boolean wanted = save || due;
        save = false;
        return wanted;
    }
}
