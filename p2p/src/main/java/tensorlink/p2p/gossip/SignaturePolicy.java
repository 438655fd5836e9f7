package tensorlink.p2p.gossip;

/** Whether messages name and prove their author; all nodes of a network agree on it. */
public enum SignaturePolicy {
    /** Author, sequence number and signature are there and right, or the message is refused. */
    STRICT_SIGN,
    /** Author, sequence number, signature and key are absent, or the message is refused. */
    STRICT_NO_SIGN
}
