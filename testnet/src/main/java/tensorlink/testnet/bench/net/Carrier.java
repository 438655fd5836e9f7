package tensorlink.testnet.bench.net;

import java.io.IOException;
import java.time.Duration;
import java.util.List;

/** A way of carrying bytes from one process to another. For one thread. */
sealed interface Carrier permits BareCarrier, Carrier.OfStreams {
    /** As the report calls it. */
    String name();

    /** By how much less than the fastest it is given to carry, so that no turn takes minutes. */
    int lightness();

    /** The CPU time, user and system, that the two processes have used. */
    Duration cpu() throws IOException, InterruptedException;

    Link open() throws IOException, InterruptedException;

    /** A connection. */
    interface Link extends AutoCloseable {
        /** Sends so many bytes over one stream, until the other side has them all. */
        void upload(long bytes) throws IOException, InterruptedException;

        /** Round trips of 32 bytes on one stream, in microseconds. */
        List<Double> pings(int count) throws IOException, InterruptedException;

        @Override
        void close() throws IOException;
    }

    /** A carrier of libp2p, with streams and identities. */
    sealed interface OfStreams extends Carrier permits OurCarrier, JsCarrier {
        @Override
        StreamLink open() throws IOException, InterruptedException;
    }

    /** A connection of libp2p. */
    interface StreamLink extends Link {
        /** Opens so many streams, one after another: agree, echo 32 bytes, close. */
        void streams(int count) throws IOException, InterruptedException;

        /** Disconnects and connects, with everything a connection needs, so many times. */
        void connections(int count) throws IOException, InterruptedException;
    }
}
