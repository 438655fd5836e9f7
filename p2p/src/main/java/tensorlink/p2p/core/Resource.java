package tensorlink.p2p.core;

/** What a host can run out of. */
public enum Resource {
    /** Bytes that a peer can make the host hold: windows of streams and what is not yet sent. */
    MEMORY("bytes of memory"),
    INBOUND_STREAMS("inbound streams"),
    OUTBOUND_STREAMS("outbound streams"),
    INBOUND_CONNECTIONS("inbound connections"),
    OUTBOUND_CONNECTIONS("outbound connections");

    private final String text;

    Resource(String text) {
        this.text = text;
    }

    @Override
    public String toString() {
        return text;
    }
}
