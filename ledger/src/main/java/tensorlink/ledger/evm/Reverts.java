package tensorlink.ledger.evm;

import com.google.protobuf.ByteString;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import tensorlink.ledger.Bytes32;
import tensorlink.ledger.Outcome.Rejected;
import tensorlink.ledger.Rejection;

/** The contract's errors: four bytes of the Keccak of a name, which is a {@link Rejection}'s. */
final class Reverts {
    private static final int SELECTOR = 4;
    private static final ByteString ERROR = selector("Error(string)");
    private static final ByteString PANIC = selector("Panic(uint256)");
    private static final Map<ByteString, Rejection> REJECTIONS = new HashMap<>();

    static {
        for (var rejection : Rejection.values()) {
            REJECTIONS.put(selector(rejection.errorName() + "()"), rejection);
        }
    }

    private Reverts() {}

    static ByteString selector(String signature) {
        return Bytes32.keccak(signature).bytes().substring(0, SELECTOR);
    }

    /** What {@code refusal} means to the caller; empty when it is no refusal of our contract. */
    static Optional<Rejected> rejection(RpcErrorException refusal) {
        var data = refusal.revertData().filter(bytes -> bytes.size() == SELECTOR);
        return data.map(REJECTIONS::get)
                .map(code -> new Rejected(code, "the contract says " + code.errorName()));
    }

    /** Any revert in words, for people. */
    static String describe(ByteString data) {
        if (data.startsWith(ERROR)) {
            try {
                var arguments = new AbiReader("Error", data.substring(SELECTOR));
                return RpcValue.shown(arguments.at("text", 0).bytes("text").toStringUtf8());
            } catch (RpcFormatException e) {
                return "Error with unreadable text";
            }
        }
        if (data.startsWith(PANIC)) {
            try {
                return "Panic " + new AbiReader("Panic", data.substring(SELECTOR)).number("code");
            } catch (RpcFormatException e) {
                return "Panic with unreadable code";
            }
        }
        return data.isEmpty()
                ? "reverted without a reason"
                : "revert " + RpcValue.shown(RpcValue.hex(data));
    }
}
