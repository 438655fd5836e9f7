package tensorlink.ledger.evm;

import java.net.URI;
import java.util.List;
import java.util.Set;

/**
 * A chain and how to reach it.
 *
 * @param chainId that every endpoint must show
 * @param endpoints of JSON-RPC, {@code http}, {@code https}, {@code ws} or {@code wss}; the first
 *     that answers is asked
 * @param finality of its blocks
 * @param limits for each endpoint
 */
public record EvmChain(long chainId, List<URI> endpoints, Finality finality, RpcLimits limits) {
    private static final int ENDPOINTS_MAX = 16;
    private static final Set<String> SCHEMES = Set.of("http", "https", "ws", "wss");

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
            if (!SCHEMES.contains(String.valueOf(uri.getScheme())) || uri.getHost() == null) {
                throw new IllegalArgumentException(
                        "not an address of http, https, ws or wss: " + uri);
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
