package tensorlink.p2p.core;

/**
 * Which addresses a host dials, and therefore believes and passes on. On a public network strangers
 * choose the addresses; one that leads into our own network is a mistake or an attack on it.
 */
public enum Reach {
    /** Only public addresses once this host listens at one itself; until then any. */
    AUTO,
    /**
     * Only public addresses, and names that lead to them. In a private network, and while every
     * address listened at is a loopback one, any.
     */
    PUBLIC,
    /** Any address. */
    ANY
}
