package tensorlink.node.network;

import com.google.protobuf.ByteString;
import java.net.URI;
import java.util.List;
import tensorlink.ledger.Account;
import tensorlink.ledger.smartnodes.SmartnodesConfig;

/** Where a network keeps who owes whom. */
public sealed interface LedgerTerms {

    /** In a file of a validator, which issues the credits. */
    record File(Account issuer) implements LedgerTerms {}

    /** On a chain. */
    sealed interface OnChain extends LedgerTerms {}

    /**
     * In the existing Smartnodes contracts, which say who validates and pay workers in rounds; what
     * jobs cost beside that, they do not know.
     */
    record Smartnodes(SmartnodesConfig contracts) implements OnChain {}

    /**
     * In a contract on a chain.
     *
     * @param chainId above 0
     * @param codeHash 32 bytes: the Keccak of the code that must be there
     * @param block it was deployed in; nothing happened before
     * @param endpoints of JSON-RPC, http(s) or ws(s), which must all show this chain and this code
     */
    record Contract(
            long chainId, Account address, ByteString codeHash, long block, List<URI> endpoints)
            implements OnChain {
        /** Endpoints that a founder may name. */
        public static final int ENDPOINTS_MAX = 8;

        private static final int HASH_BYTES = 32;

        public Contract {
            endpoints = List.copyOf(endpoints);
            if (block < 0) {
                throw new IllegalArgumentException("block is negative: " + block);
            }
            if (endpoints.size() > ENDPOINTS_MAX) {
                throw new IllegalArgumentException(
                        endpoints.size() + " endpoints, limit " + ENDPOINTS_MAX);
            }
            if (chainId < 1) {
                throw new IllegalArgumentException("chain id is " + chainId + ", below 1");
            }
            if (codeHash.size() != HASH_BYTES) {
                throw new IllegalArgumentException(
                        "code hash of " + codeHash.size() + " bytes, expected " + HASH_BYTES);
            }
        }
    }
}
