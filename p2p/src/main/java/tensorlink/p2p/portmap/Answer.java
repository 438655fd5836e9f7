package tensorlink.p2p.portmap;

import java.net.InetAddress;
import java.time.Duration;

/** What a router answers. */
sealed interface Answer {
    /**
     * A mapping is there, or gone when {@code lifetime} is zero.
     *
     * @param externalPort at the router
     */
    record Mapped(int internalPort, int externalPort, Duration lifetime) implements Answer {}

    /** The router's address outside. */
    record External(InetAddress address) implements Answer {}

    /** A mapping and the address outside, which PCP tells at once. */
    record MappedAt(Mapped mapping, InetAddress address) implements Answer {}

    /** It does not do that. */
    record Refused(int code) implements Answer {}
}
