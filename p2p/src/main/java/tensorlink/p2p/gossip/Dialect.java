package tensorlink.p2p.gossip;

import java.util.ArrayList;
import java.util.List;
import tensorlink.p2p.core.ProtocolId;

/** The versions of gossipsub, best first. */
public enum Dialect {
    /** With messages declined before they are sent. */
    V1_2("/meshsub/1.2.0"),
    /** With back-off and peer exchange. */
    V1_1("/meshsub/1.1.0"),
    /** The plain mesh. */
    V1_0("/meshsub/1.0.0");

    private final String protocol;

    Dialect(String protocol) {
        this.protocol = protocol;
    }

    public ProtocolId protocol() {
        return ProtocolId.of(protocol);
    }

    boolean hasBackoff() {
        return this != V1_0;
    }

    boolean hasDeclining() {
        return this == V1_2;
    }

    static List<ProtocolId> protocols() {
        var protocols = new ArrayList<ProtocolId>();
        for (var dialect : values()) {
            protocols.add(dialect.protocol());
        }
        return protocols;
    }

    static Dialect of(ProtocolId protocol) {
        for (var dialect : values()) {
            if (dialect.protocol().equals(protocol)) {
                return dialect;
            }
        }
        throw new IllegalArgumentException(protocol + " is no gossipsub");
    }
}
