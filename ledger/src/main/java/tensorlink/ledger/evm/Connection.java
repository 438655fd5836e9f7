package tensorlink.ledger.evm;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The open endpoints of a chain, as one; {@code heads} counts what they tell by themselves. */
record Connection(Rpc rpc, List<RpcEndpoint> endpoints, Heads heads) implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Connection.class);

    Connection {
        endpoints = List.copyOf(endpoints);
    }

    static Connection open(EvmChain chain, Optional<EvmConfig.Deployment> contract) {
        return open(chain, contract.stream().toList());
    }

    static Connection open(EvmChain chain, List<EvmConfig.Deployment> contracts) {
        var heads = new Heads();
        var endpoints =
                chain.endpoints().stream()
                        .map(uri -> RpcEndpoint.open(uri, chain.limits(), heads::tell))
                        .toList();
        var expected = new Endpoints.Expected(chain.chainId(), contracts);
        return new Connection(new Endpoints(expected, endpoints), endpoints, heads);
    }

    /** Whether an endpoint can tell of new blocks. */
    boolean tellsHeads() {
        return endpoints.stream().anyMatch(WebSocketRpc.class::isInstance);
    }

    /**
     * Has each endpoint that can tell of new blocks, as far as it is to be reached.
     *
     * @param probing whether to ask each if it is still there
     */
    void follow(boolean probing) throws InterruptedException {
        for (var endpoint : endpoints) {
            try {
                switch (endpoint) {
                    case HttpRpc _ -> {}
                    case WebSocketRpc socket -> {
                        socket.session().follow();
                        if (probing) {
                            socket.call("eth_chainId");
                        }
                    }
                }
            } catch (IOException e) {
                log.debug("{} tells of no blocks", endpoint, e);
            }
        }
    }

    @Override
    public void close() {
        for (var endpoint : endpoints) {
            endpoint.close();
        }
    }
}
