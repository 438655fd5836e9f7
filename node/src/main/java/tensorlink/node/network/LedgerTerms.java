package tensorlink.node.network;

import com.google.protobuf.ByteString;
import tensorlink.ledger.Account;

/** Where a network keeps who owes whom. */
public sealed interface LedgerTerms {

    /** In a file of a validator, which issues the credits. */
    record File(Account issuer) implements LedgerTerms {}

    /**
     * In a contract on a chain.
     *
     * @param chainId above 0
     * @param codeHash 32 bytes: the Keccak of the code that must be there
     */
    record Contract(long chainId, Account address, ByteString codeHash) implements LedgerTerms {
        private static final int HASH_BYTES = 32;

        public Contract {
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
