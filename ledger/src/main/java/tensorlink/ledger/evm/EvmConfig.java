package tensorlink.ledger.evm;

import tensorlink.ledger.Account;
import tensorlink.ledger.Bytes32;
import tensorlink.ledger.Domain;

/** Which contract is a network's ledger. */
public record EvmConfig(String networkId, EvmChain chain, Deployment contract) {

    /**
     * A contract on a chain.
     *
     * @param codeHash the Keccak of its code, which every endpoint must show
     * @param block it was deployed in; there are no events before
     */
    public record Deployment(Account address, Bytes32 codeHash, long block) {
        public Deployment {
            address.checkNamed("contract");
            if (block < 0) {
                throw new IllegalArgumentException("block is negative: " + block);
            }
        }
    }

    /** In which messages to this ledger are signed. */
    public Domain domain() {
        return Domain.contract(chain.chainId(), contract.address());
    }
}
