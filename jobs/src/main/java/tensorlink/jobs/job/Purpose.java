package tensorlink.jobs.job;

/** What a job does with its model, which decides the memory a stage needs. */
public enum Purpose {
    /** Forward, backward and optimizer steps; also everything that inference does. */
    TRAINING,
    /** Forward only. */
    INFERENCE
}
