package tensorlink.ledger.smartnodes;

import java.util.List;
import tensorlink.ledger.evm.EvmChain;
import tensorlink.ledger.evm.EvmConfig.Deployment;

/** Where a network's Smartnodes contracts are: all of it data of the network's descriptor. */
public record SmartnodesConfig(
        EvmChain chain, Deployment core, Deployment coordinator, Deployment token) {

    List<Deployment> contracts() {
        return List.of(core, coordinator, token);
    }
}
