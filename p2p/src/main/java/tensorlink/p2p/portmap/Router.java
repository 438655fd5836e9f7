package tensorlink.p2p.portmap;

import java.io.IOException;
import java.time.Duration;

/** One way to ask the router for mappings. Blocks; used by one thread at a time. */
interface Router {
    /**
     * Makes a mapping, or prolongs it; one of another is left as it is, and a different port
     * outside is taken.
     *
     * @throws IOException when the router does not, or does not answer
     */
    Answer.MappedAt map(Wish wish, Duration lifetime) throws IOException, InterruptedException;

    /**
     * Ends the mapping that {@link #map} made, or may have made. When nobody answers, it ends by
     * itself some time.
     */
    void unmap(Wish wish) throws InterruptedException;
}
