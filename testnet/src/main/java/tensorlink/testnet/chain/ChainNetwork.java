package tensorlink.testnet.chain;

import java.io.IOException;
import java.nio.file.Files;
import java.security.SecureRandom;
import java.util.List;
import java.util.Optional;
import tensorlink.ledger.Account;
import tensorlink.ledger.AccountKey;
import tensorlink.ledger.Amount;
import tensorlink.ledger.evm.EvmAccount;
import tensorlink.ledger.evm.EvmChain;
import tensorlink.ledger.evm.EvmLedger;
import tensorlink.ledger.evm.EvmTerms;
import tensorlink.ledger.evm.SenderSettings;
import tensorlink.node.Home;
import tensorlink.node.Network;
import tensorlink.node.network.Descriptor;
import tensorlink.node.network.LedgerTerms;
import tensorlink.node.network.Membership;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.peer.KeyPair;

/** A network whose ledger is our contract on a chain of this machine. */
public final class ChainNetwork {
    /** The least collateral of its validators. */
    public static final Amount STAKE_MIN = Amount.of(1_000);

    private ChainNetwork() {}

    /** Deploys the contract; the issuer has ether then. */
    public static LedgerTerms.Contract deploy(Anvil chain, Account issuer)
            throws IOException, InterruptedException {
        var deployer = AccountKey.generate(new SecureRandom());
        chain.enrich(deployer.account());
        chain.enrich(issuer);
        var folder = Files.createTempDirectory("tensorlink-chain-");
        try {
            var where = EvmChain.of(Anvil.CHAIN_ID, List.of(chain.uri()));
            var payer =
                    new EvmAccount(
                            deployer, folder.resolve("transactions"), SenderSettings.defaults());
            var terms = EvmTerms.of(issuer, Account.ZERO, STAKE_MIN);
            var deployed = EvmLedger.deploy(where, terms, payer, Scheduler.system()::sleep);
            return new LedgerTerms.Contract(
                    where.chainId(),
                    deployed.address(),
                    deployed.codeHash().bytes(),
                    deployed.block(),
                    where.endpoints());
        } finally {
            Home.delete(folder);
        }
    }

    /** A network whose founder says that this contract is its ledger. */
    public static Network on(LedgerTerms.Contract contract) {
        var terms =
                Descriptor.Terms.open("chain", Scheduler.system().now(), new SecureRandom())
                        .ledger(contract);
        var founded = Descriptor.found(KeyPair.generate(), terms);
        return Network.of(new Membership(founded, Optional.empty(), Optional.empty()));
    }
}
