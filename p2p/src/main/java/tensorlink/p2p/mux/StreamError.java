package tensorlink.p2p.mux;

/** Why a stream was reset, as the remote is told; the codes that go-libp2p and QUIC use. */
public enum StreamError {
    NONE(0, "no reason given"),
    NEGOTIATION_FAILED(0x1001, "negotiation failed"),
    RESOURCE_LIMIT(0x1002, "resource limit"),
    RATE_LIMITED(0x1003, "rate limited"),
    PROTOCOL_VIOLATION(0x1004, "protocol violation"),
    SUPPLANTED(0x1005, "supplanted"),
    GARBAGE_COLLECTED(0x1006, "garbage collected"),
    SHUTDOWN(0x1007, "shutdown"),
    GATED(0x1008, "gated");

    private final int code;
    private final String text;

    StreamError(int code, String text) {
        this.code = code;
        this.text = text;
    }

    int code() {
        return code;
    }

    static String describe(int code) {
        for (var error : values()) {
            if (error.code == code) {
                return error.text;
            }
        }
        return "code 0x" + Integer.toHexString(code);
    }
}
