package tensorlink.jobs.weights;

import java.io.IOException;
import java.util.Map;
import tensorlink.compute.format.Weights;
import tensorlink.compute.tensor.Shape;
import tensorlink.jobs.job.Publication;

/**
 * Brings tensors of published models to this machine, from a hub of its own choice. Safe for use by
 * any thread.
 */
public interface PublishedWeights {

    /**
     * Brings the bytes of some tensors here, and no others.
     *
     * @param shapes of the tensors that are wanted, by the names that they may be published under
     * @param watch told how many bytes have come in all; what it throws ends the fetching
     * @return those of them that are published in that shape, as they are published: nobody has
     *     checked the values. Closing it forgets them; a call that failed leaves what has come for
     *     the next one to go on with
     * @throws IOException when they cannot be had
     */
    Weights fetch(Publication from, Map<String, Shape> shapes, Watch watch)
            throws IOException, InterruptedException;

    /** Follows a fetch. */
    @FunctionalInterface
    interface Watch {
        /** After some more bytes; {@code bytes} are there in all. */
        void came(long bytes) throws IOException;
    }
}
