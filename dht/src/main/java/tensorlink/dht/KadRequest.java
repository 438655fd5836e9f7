package tensorlink.dht;

import java.util.List;
import tensorlink.p2p.peer.PeerInfo;

/** What one peer may ask of another. */
public sealed interface KadRequest {

    /** Who is closest to {@code key}? */
    record FindNode(Key key) implements KadRequest {}

    /** What is stored under {@code key}, and who is closer to it? */
    record GetValue(Key key) implements KadRequest {}

    /** Store this; answered by the same record. */
    record PutValue(HeldRecord record) implements KadRequest {}

    /** Who provides {@code key}, and who is closer to it? */
    record GetProviders(Key key) implements KadRequest {}

    /** Note who provides {@code key}; not answered. Only the sender's own entry counts. */
    record AddProvider(Key key, List<PeerInfo> providers) implements KadRequest {}

    /** Are you there? Old and never asked by us. */
    record Ping() implements KadRequest {}
}
