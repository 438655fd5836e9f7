package tensorlink.ledger.evm;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.util.HexFormat;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/** A node's refusal: a JSON-RPC error, with what the contract reverted with where it did. */
final class RpcErrorException extends IOException {
    private static final long serialVersionUID = 1;

    /** Nesting in which nodes hide what the contract said. */
    private static final int DEPTH_MAX = 3;

    private final int code;
    private final Optional<ByteString> revertData;

    private RpcErrorException(int code, String message, Optional<ByteString> revertData) {
        super(message);
        this.code = code;
        this.revertData = revertData;
    }

    /** Reads the {@code error} of an answer. */
    static RpcErrorException of(String method, JsonNode error) {
        var text = RpcValue.shown(error.path("message").asString(""));
        int code = error.path("code").asInt(0);
        return new RpcErrorException(
                code, method + ": " + text + " (" + code + ")", find(error.path("data"), 0));
    }

    int code() {
        return code;
    }

    /**
     * What the contract reverted with. Nodes say it in three shapes: {@code data: "0x…"} (geth,
     * anvil), {@code data: {data: "0x…"}} (Hardhat) and {@code data: {result: "0x…"}} (Ganache).
     */
    Optional<ByteString> revertData() {
        return revertData;
    }

    private static Optional<ByteString> find(JsonNode node, int depth) {
        if (node.isString()) {
            return bytes(node.asString());
        }
        if (node.isObject() && depth < DEPTH_MAX) {
            return find(node.path("data"), depth + 1)
                    .or(() -> find(node.path("result"), depth + 1));
        }
        return Optional.empty();
    }

    private static Optional<ByteString> bytes(String text) {
        if (!text.startsWith("0x") || text.length() > RpcValue.DATA_BYTES_MAX) {
            return Optional.empty();
        }
        try {
            return Optional.of(
                    ByteString.copyFrom(HexFormat.of().parseHex(text, 2, text.length())));
        } catch (IllegalArgumentException notHex) {
            return Optional.empty();
        }
    }
}
