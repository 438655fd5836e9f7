package tensorlink.ledger.evm;

import java.io.IOException;
import tools.jackson.databind.JsonNode;

/** Asks a node of a chain by JSON-RPC. Blocks; safe for use by any thread. */
@FunctionalInterface
interface Rpc {

    /**
     * The result of {@code method}, which may be JSON's null.
     *
     * @param params texts, booleans, and maps and lists of them
     * @throws RpcErrorException when the node understood and says no
     * @throws RpcTransportException when no answer of a node came; another one may be asked
     */
    JsonNode call(String method, Object... params) throws IOException, InterruptedException;

    /**
     * What carries the next questions: always the same, or a connection, which is made if need be
     * and asks nobody else when it breaks. Each must be shown anew which chain it reaches.
     */
    default Rpc session() throws IOException, InterruptedException {
        return this;
    }

    /**
     * The result of {@code method} as two nodes tell it, where there are two: for money, since one
     * may lie.
     *
     * @throws DisagreementException when they do not say the same
     */
    default JsonNode agreed(String method, Object... params)
            throws IOException, InterruptedException {
        return call(method, params);
    }

    /** Says something to every node that can be reached, whatever they answer. */
    default void tellAll(String method, Object... params) throws InterruptedException {
        try {
            call(method, params);
        } catch (IOException unheard) {
            // It is said again if nothing comes of it.
        }
    }
}
