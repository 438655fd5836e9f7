package tensorlink.testnet.chain;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import tensorlink.ledger.Account;
import tensorlink.ledger.evm.EvmAccount;
import tensorlink.ledger.evm.EvmChain;
import tensorlink.ledger.evm.EvmClient;
import tensorlink.ledger.evm.EvmConfig.Deployment;
import tensorlink.ledger.evm.Pause;
import tensorlink.ledger.smartnodes.AbiValue;
import tensorlink.ledger.smartnodes.SmartnodesConfig;
import tools.jackson.databind.json.JsonMapper;

/**
 * Our double of the Smartnodes contracts, as their newest generation.
 *
 * @param codes the file with the code of its contracts
 * @param genesis the accounts that begin with tokens enough for collateral
 * @param period between two rounds
 */
public record SmartnodesDouble(Path codes, List<Account> genesis, Duration period) {
    /** Where the code is, from the root of the repository. */
    public static final String CODES = "ledger/src/test/resources/contracts/SmartnodesDouble.json";

    private static final int PERCENT = 66;

    public SmartnodesDouble {
        genesis = List.copyOf(genesis);
    }

    /** Puts it together on a chain, paid for by {@code deployer}. */
    public SmartnodesConfig deploy(EvmChain chain, EvmAccount deployer, Pause pause)
            throws IOException, InterruptedException {
        var nobody = AbiValue.accounts(List.of());
        try (var client = EvmClient.open(chain, List.of(), deployer, pause)) {
            var token = client.deploy(code("HeadToken", AbiValue.accounts(genesis)));
            var ofToken = AbiValue.account(token.address());
            var core = client.deploy(code("DoubleCore", ofToken));
            var ofCore = AbiValue.account(core.address());
            var coordinator =
                    client.deploy(
                            code(
                                    "HeadCoordinator",
                                    AbiValue.number(period.toSeconds()),
                                    AbiValue.number(PERCENT),
                                    ofCore,
                                    ofToken,
                                    nobody));
            var ofCoordinator = AbiValue.account(coordinator.address());
            wire(
                    client,
                    token,
                    AbiValue.call("setSmartnodes(address,address)", ofCore, ofCoordinator));
            wire(client, core, AbiValue.call("setCoordinator(address)", ofCoordinator));
            return new SmartnodesConfig(chain, core, coordinator, token);
        }
    }

    private ByteString code(String name, AbiValue... arguments) throws IOException {
        var hex = JsonMapper.shared().readTree(Files.readString(codes)).path(name).asString("");
        if (hex.length() < 4) {
            throw new IOException(codes + " has no code of " + name);
        }
        return ByteString.fromHex(hex.substring(2)).concat(AbiValue.encode(arguments));
    }

    private static void wire(EvmClient client, Deployment contract, ByteString call)
            throws IOException, InterruptedException {
        if (!(client.send(contract.address(), call) instanceof EvmClient.Sent.Done)) {
            throw new IllegalStateException("the double cannot be put together");
        }
    }
}
