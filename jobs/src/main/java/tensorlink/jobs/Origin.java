package tensorlink.jobs;

import org.jspecify.annotations.Nullable;
import tensorlink.compute.format.Weights;
import tensorlink.jobs.message.Manifest;
import tensorlink.jobs.user.TrainingRecord;

/**
 * What the stages begin with.
 *
 * @param step how many steps that is the result of
 */
record Origin(Weights weights, Manifest manifest, long step) {
    static Origin of(Wanted wanted, @Nullable TrainingRecord record) {
        var checkpoint = record == null ? null : record.checkpoint().orElse(null);
        return checkpoint == null
                ? new Origin(wanted.model().weights(), wanted.manifest(), 0)
                : new Origin(checkpoint, checkpoint.manifest(), checkpoint.step());
    }
}
