package tensorlink.p2p.core;

/** Whether others can dial this host. */
public enum Reachability {
    /** It is not known, or not agreed upon. */
    UNKNOWN,
    /** At one address at least. */
    PUBLIC,
    /** At no address, unless through a relay. */
    PRIVATE
}
