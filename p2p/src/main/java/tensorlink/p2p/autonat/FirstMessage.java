package tensorlink.p2p.autonat;

import java.util.List;
import java.util.Optional;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.PeerId;

/** What is said in version 1. */
sealed interface FirstMessage {
    /** Asks to be dialled at any of {@code addresses}. */
    record Dial(PeerId peer, List<Multiaddr> addresses) implements FirstMessage {
        public Dial {
            addresses = List.copyOf(addresses);
        }
    }

    /**
     * The answer.
     *
     * @param address where the dial succeeded
     */
    record Response(Status status, Optional<Multiaddr> address) implements FirstMessage {}

    /** What came of it. */
    enum Status {
        OK(0),
        DIAL_ERROR(100),
        DIAL_REFUSED(101),
        BAD_REQUEST(200),
        INTERNAL_ERROR(300);

        private final int code;

        Status(int code) {
            this.code = code;
        }

        int code() {
            return code;
        }

        /** One that is not known is nothing that we could act upon. */
        static Status ofCode(int code) {
            for (var status : values()) {
                if (status.code == code) {
                    return status;
                }
            }
            return INTERNAL_ERROR;
        }
    }
}
