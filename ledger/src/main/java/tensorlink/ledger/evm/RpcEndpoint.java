package tensorlink.ledger.evm;

import java.net.URI;
import java.time.InstantSource;

/** One endpoint of a chain, until it is closed. */
sealed interface RpcEndpoint extends Rpc, AutoCloseable permits HttpRpc, WebSocketRpc {

    /**
     * Asks nothing yet.
     *
     * @param uri of {@code http}, {@code https}, {@code ws} or {@code wss}
     * @param onHead is run when an endpoint that was asked to tells of a new block
     */
    static RpcEndpoint open(URI uri, RpcLimits limits, Runnable onHead) {
        return switch (uri.getScheme()) {
            // The clock of the machine: it only says when a lost connection is tried again.
            case "ws", "wss" -> new WebSocketRpc(uri, limits, InstantSource.system(), onHead);
            default -> new HttpRpc(uri, limits);
        };
    }

    @Override
    void close();
}
