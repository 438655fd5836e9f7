package tensorlink.ledger.evm;

import java.io.IOException;
import java.util.List;
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

    /** How many nodes {@link #told} asks: 1 or 2. */
    default int sources() {
        return 1;
    }

    /** Takes the result of a method for what it means. */
    interface Reading<T> {
        T read(JsonNode result) throws RpcFormatException;
    }

    /**
     * What two nodes say to one question, each read as {@code reading} does; what one says where
     * there is only one.
     *
     * @throws RpcErrorException when all of them say no
     * @throws DisagreementException when one of two says no
     */
    default <T> List<T> told(Reading<T> reading, String method, Object... params)
            throws IOException, InterruptedException {
        return List.of(reading.read(call(method, params)));
    }

    /**
     * The result of {@code method} as two nodes tell it, where there are two: for money, since one
     * may lie.
     *
     * @throws DisagreementException when they do not say the same
     */
    default <T> T agreed(Reading<T> reading, String method, Object... params)
            throws IOException, InterruptedException {
        var told = told(reading, method, params);
        for (var answer : told) {
            if (!answer.equals(told.getFirst())) {
                throw new DisagreementException("two endpoints do not say the same to " + method);
            }
        }
        return told.getFirst();
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
