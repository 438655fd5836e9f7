package tensorlink.ledger.evm;

import java.util.List;
import java.util.Optional;

/** The open endpoints of a chain. */
record Connection(Rpc rpc, List<HttpRpc> endpoints) implements AutoCloseable {

    static Connection open(EvmChain chain, Optional<EvmConfig.Deployment> contract) {
        return open(chain, contract.stream().toList());
    }

    static Connection open(EvmChain chain, List<EvmConfig.Deployment> contracts) {
        var endpoints =
                chain.endpoints().stream().map(uri -> new HttpRpc(uri, chain.limits())).toList();
        var expected = new Endpoints.Expected(chain.chainId(), contracts);
        return new Connection(new Endpoints(expected, endpoints), endpoints);
    }

    @Override
    public void close() {
        for (var endpoint : endpoints) {
            endpoint.close();
        }
    }
}
