package tensorlink.p2p.core;

/** A listener's place in the queue; closing it ends the calls. */
public interface Subscription extends AutoCloseable {
    @Override
    void close();
}
