package tensorlink.p2p.autonat;

import java.util.List;
import java.util.Optional;
import tensorlink.p2p.multiaddr.Multiaddr;

/** What is said in version 2. Places in the list of addresses are unsigned. */
sealed interface SecondMessage {
    /**
     * Asks to be dialled at the first of {@code addresses} that the other is willing to dial.
     *
     * @param addresses empty places are addresses of kinds unknown here
     * @param nonce to be said over the new connection
     */
    record Request(List<Optional<Multiaddr>> addresses, long nonce) implements SecondMessage {
        public Request {
            addresses = List.copyOf(addresses);
        }
    }

    /** The answer. */
    record Response(Status status, int index, DialStatus dial) implements SecondMessage {}

    /**
     * Asks for so many bytes before the address at {@code index} is dialled.
     *
     * @param bytes not negative; what is beyond is the greatest there is
     */
    record DataRequest(int index, long bytes) implements SecondMessage {}

    /** Some of these bytes. */
    record Data(int bytes) implements SecondMessage {}

    /** What came of the request. */
    enum Status {
        INTERNAL_ERROR(0),
        REQUEST_REJECTED(100),
        DIAL_REFUSED(101),
        OK(200);

        private final int code;

        Status(int code) {
            this.code = code;
        }

        int code() {
            return code;
        }

        static Status ofCode(int code) {
            for (var status : values()) {
                if (status.code == code) {
                    return status;
                }
            }
            return INTERNAL_ERROR;
        }
    }

    /** What came of the dial. */
    enum DialStatus {
        UNUSED(0),
        DIAL_ERROR(100),
        DIAL_BACK_ERROR(101),
        OK(200);

        private final int code;

        DialStatus(int code) {
            this.code = code;
        }

        int code() {
            return code;
        }

        static DialStatus ofCode(int code) {
            for (var status : values()) {
                if (status.code == code) {
                    return status;
                }
            }
            return UNUSED;
        }
    }
}
