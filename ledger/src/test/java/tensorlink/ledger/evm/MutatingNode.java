package tensorlink.ledger.evm;

import java.io.IOException;
import tools.jackson.databind.JsonNode;

/** A node between us and a chain that changes what it passes on. */
final class MutatingNode implements Rpc {
    private final Rpc honest;
    private volatile Lie lie = (method, truth, params) -> truth;

    interface Lie {
        JsonNode tell(String method, JsonNode truth, Object... params)
                throws IOException, InterruptedException;
    }

    MutatingNode(Rpc honest) {
        this.honest = honest;
    }

    void tells(Lie lie) {
        this.lie = lie;
    }

    @Override
    public JsonNode call(String method, Object... params) throws IOException, InterruptedException {
        return lie.tell(method, honest.call(method, params), params);
    }
}
