package tensorlink.jobs.job;

/**
 * Where a job is between being asked for and being over.
 *
 * <p>A job moves forward one state at a time until it runs; it may end from any state, completing
 * only from {@link Running}. Nothing follows an end.
 */
public sealed interface JobState {

    /** A user asked for it. */
    record Requested() implements JobState {}

    /** The layers have been given to workers on paper. */
    record Planned() implements JobState {}

    /** The workers are being asked. */
    record Recruiting() implements JobState {}

    /** User and workers have signed. */
    record Agreed() implements JobState {}

    /** The workers are fetching their weights. */
    record Loading() implements JobState {}

    /** Every worker is ready; batches flow. */
    record Running() implements JobState {}

    /** The user ended it after it had run. */
    record Completed() implements JobState {}

    /** The user ended it before it ran, or gave it up. */
    record Cancelled(String reason) implements JobState {}

    /** Its lifetime was over. */
    record Expired() implements JobState {}

    /** It could not go on. */
    record Failed(String reason) implements JobState {}

    /** Whether nothing can follow. */
    default boolean isOver() {
        return switch (this) {
            case Requested(), Planned(), Recruiting(), Agreed(), Loading(), Running() -> false;
            case Completed(), Cancelled(_), Expired(), Failed(_) -> true;
        };
    }

    /** Whether a job in this state may be in {@code next} thereafter. */
    default boolean mayBecome(JobState next) {
        if (isOver()) {
            return false;
        }
        return switch (next) {
            case Requested() -> false;
            case Planned() -> this instanceof Requested;
            case Recruiting() -> this instanceof Planned;
            case Agreed() -> this instanceof Recruiting;
            case Loading() -> this instanceof Agreed;
            case Running() -> this instanceof Loading;
            case Completed() -> this instanceof Running;
            case Cancelled(_), Failed(_), Expired() -> true;
        };
    }

    /** The state's name in lower case, as in the journal and on the command line. */
    default String label() {
        return switch (this) {
            case Requested() -> "requested";
            case Planned() -> "planned";
            case Recruiting() -> "recruiting";
            case Agreed() -> "agreed";
            case Loading() -> "loading";
            case Running() -> "running";
            case Completed() -> "completed";
            case Cancelled(_) -> "cancelled";
            case Expired() -> "expired";
            case Failed(_) -> "failed";
        };
    }

    /** Why the job ended, where its end has a reason; else empty. */
    default String reason() {
        return switch (this) {
            case Cancelled(var reason) -> reason;
            case Failed(var reason) -> reason;
            case Requested(),
                    Planned(),
                    Recruiting(),
                    Agreed(),
                    Loading(),
                    Running(),
                    Completed(),
                    Expired() ->
                    "";
        };
    }

    /**
     * The state called {@code label}.
     *
     * @throws IllegalArgumentException for a label that no state has
     */
    static JobState parse(String label, String reason) {
        return switch (label) {
            case "requested" -> new Requested();
            case "planned" -> new Planned();
            case "recruiting" -> new Recruiting();
            case "agreed" -> new Agreed();
            case "loading" -> new Loading();
            case "running" -> new Running();
            case "completed" -> new Completed();
            case "cancelled" -> new Cancelled(reason);
            case "expired" -> new Expired();
            case "failed" -> new Failed(reason);
            default -> throw new IllegalArgumentException("no such job state: " + label);
        };
    }
}
