package tensorlink.p2p.swarm;

import tensorlink.p2p.core.Connection.Direction;

/** In which way a peer is dialled. */
enum DialWay {
    /** One address after the other, from any port. */
    PLAIN,
    /** The same, from the port listened at. */
    FROM_LISTENING,
    /** All addresses at once, from the port listened at, as the client of what comes of it. */
    PUNCH_AS_CLIENT,
    /** The same, as the server. */
    PUNCH_AS_SERVER;

    /** Who we are in the handshakes. */
    Direction role() {
        return this == PUNCH_AS_SERVER ? Direction.INBOUND : Direction.OUTBOUND;
    }

    boolean isPunch() {
        return this == PUNCH_AS_CLIENT || this == PUNCH_AS_SERVER;
    }
}
