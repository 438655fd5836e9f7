package tensorlink.ledger.evm;

import java.net.URI;
import java.util.List;

/**
 * A chain and how to reach it.
 *
 * @param chainId that every endpoint must show
 * @param endpoints of JSON-RPC, {@code http} or {@code https}; the first that answers is asked
 * @param finality of its blocks
 * @param limits for each endpoint
 */
public record EvmChain(long chainId, List<URI> endpoints, Finality finality, RpcLimits limits) {
    private static final int ENDPOINTS_MAX = 16;

    public EvmChain {
        endpoints = List.copyOf(endpoints);
        if (chainId < 1) {
            throw new IllegalArgumentException("a chain's id is more than 0, not " + chainId);
        }
        if (endpoints.isEmpty() || endpoints.size() > ENDPOINTS_MAX) {
            throw new IllegalArgumentException(
                    "1 to " + ENDPOINTS_MAX + " endpoints, not " + endpoints.size());
        }
        for (var uri : endpoints) {
            boolean web = "http".equals(uri.getScheme()) || "https".equals(uri.getScheme());
            if (!web || uri.getHost() == null) {
                throw new IllegalArgumentException("not an address of http or https: " + uri);
            }
        }
    }

    /** With the chain's own finality and the usual limits. */
    public static EvmChain of(long chainId, List<URI> endpoints) {
        return new EvmChain(chainId, endpoints, new Finality.Tagged(), RpcLimits.defaults());
    }

    public EvmChain withFinality(Finality finality) {
        return new EvmChain(chainId, endpoints, finality, limits);
    }

    public EvmChain withLimits(RpcLimits limits) {
        return new EvmChain(chainId, endpoints, finality, limits);
    }
}
