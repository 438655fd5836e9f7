package tensorlink.ledger;

import com.google.protobuf.ByteString;
import tensorlink.ledger.eip712.StructType;

/**
 * Where a signature is valid: the EIP-712 domain of one network. What is signed for one domain is
 * worth nothing in any other.
 *
 * @param chainId of the chain, 0 for a private network, which is no chain's
 * @param verifyingContract of our contract, or made from the private network's id
 */
public record Domain(String name, String version, long chainId, Account verifyingContract) {
    private static final StructType TYPE =
            StructType.of(
                    "EIP712Domain(string name,string version,uint256 chainId,"
                            + "address verifyingContract)");

    private static final String NAME = "Tensorlink";
    private static final String VERSION = "1";

    public Domain {
        if (chainId < 0) {
            throw new IllegalArgumentException("chain id is negative: " + chainId);
        }
    }

    /** The domain of a network that keeps its own ledger: chain 0, an address made from its id. */
    public static Domain privateNetwork(String networkId) {
        return new Domain(NAME, VERSION, 0, Account.ofHashed(ByteString.copyFromUtf8(networkId)));
    }

    /** The domain of our contract at an address of a chain. */
    public static Domain contract(long chainId, Account address) {
        return new Domain(NAME, VERSION, chainId, address);
    }

    /** {@code domainSeparator} of EIP-712. */
    public Bytes32 separator() {
        return new Bytes32(
                TYPE.values()
                        .string(name)
                        .string(version)
                        .uint(chainId)
                        .address(verifyingContract.bytes())
                        .hash());
    }
}
