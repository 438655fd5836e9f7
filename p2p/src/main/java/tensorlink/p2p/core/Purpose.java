package tensorlink.p2p.core;

/**
 * What a stream is for, which decides how it shares its connection: who sends first, and how much
 * may be under way. The streams of one kind take turns, and no kind ever waits for good.
 */
public enum Purpose {
    /** Short messages that others wait for: sent before everything else. */
    CONTROL,

    /** Requests and answers; the default. */
    ORDINARY,

    /**
     * Megabytes, such as tensors: sent when nothing else waits, with a window that may grow to
     * {@link Limits.Muxing#bulkWindowBytesMax}.
     */
    BULK
}
