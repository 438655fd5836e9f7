package tensorlink.ledger.evm;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tensorlink.ledger.Account;
import tensorlink.ledger.AccountKey;
import tensorlink.ledger.Amount;
import tensorlink.ledger.Bytes32;
import tensorlink.ledger.Deposit;
import tensorlink.ledger.Domain;
import tensorlink.ledger.Endorsement;
import tensorlink.ledger.Funding;
import tensorlink.ledger.Issuance;
import tensorlink.ledger.RewardRoot;
import tensorlink.ledger.RewardTree;
import tensorlink.ledger.Signed;
import tensorlink.ledger.Stake;
import tensorlink.ledger.Voucher;

/** What settling costs, so that no change of the contract makes it dear unnoticed. */
class GasTest {
    private static final Logger log = LoggerFactory.getLogger(GasTest.class);
    private static final AccountKey ISSUER = key("issuer");
    private static final int PAIRS = 50;
    private static final long PAIR_MAX = 30_000;
    private static final long ROOT_MAX = 75_000;
    private static final long CLAIM_MAX = 65_000;
    private static final int EARNERS = 1_000;

    /** What it costs more to write a word that is zero than one that is not: EIP-2929. */
    private static final long FRESH_WORD = 17_100;

    private static final List<AccountKey> VALIDATORS =
            List.of(key("validator 1"), key("validator 2"));

    @TempDir private Path directory;
    private Anvil anvil;
    private Account contract;
    private Domain domain;
    private Sender sender;

    @BeforeEach
    void deploy() throws Exception {
        anvil = Anvil.start();
        var terms = Anvil.terms(ISSUER.account(), Account.ZERO);
        var config = anvil.deploy("gas", terms, directory.resolve("deployer"));
        contract = config.contract().address();
        domain = config.domain();
        var chain = new Chain(anvil, new Finality.Depth(0), RpcLimits.defaults());
        sender =
                new Sender(
                        new Sender.Surroundings(chain, Anvil.CHAIN_ID, anvil::mineOne),
                        Anvil.PAYER_OF_GAS,
                        Anvil.QUICK,
                        SenderJournal.open(
                                directory.resolve("journal"),
                                Anvil.CHAIN_ID,
                                Anvil.PAYER_OF_GAS.account()));
    }

    @AfterEach
    void stop() throws Exception {
        if (anvil != null) {
            sender.close();
            anvil.close();
        }
    }

    @Test
    void fifty_pairs_that_know_each_other_settle_for_thirty_thousand_each() throws Exception {
        for (int i = 0; i < PAIRS; i++) {
            var payer = key("payer " + i);
            issue(payer.account(), 1_000);
            var deposit = new Deposit(payer.account(), Amount.of(1_000));
            gas(Calls.deposit(payer.sign(domain, deposit)));
        }
        long first = gas(Calls.redeem(vouchers(100)));

        long later = gas(Calls.redeem(vouchers(200)));

        log.info("redeem {}: {} each at first, {} later", PAIRS, first / PAIRS, later / PAIRS);
        assertThat(later / PAIRS).isLessThanOrEqualTo(PAIR_MAX);
    }

    @Test
    void a_root_and_a_claim_are_within_their_bounds() throws Exception {
        for (var validator : VALIDATORS) {
            issue(validator.account(), 100);
            var stake = new Stake(validator.account(), Amount.of(100));
            gas(Calls.stake(validator.sign(domain, stake)));
        }
        issue(ISSUER.account(), 1_000_000);
        var funding = new Funding(ISSUER.account(), Amount.of(1_000_000));
        gas(Calls.fund(ISSUER.sign(domain, funding)));
        var roots = new ArrayList<Long>();
        var claims = new ArrayList<Long>();

        for (int epoch = 1; epoch <= 4; epoch++) {
            var tree = earned(10L * epoch);
            roots.add(postRoot(tree.root(epoch)));
            pass(Duration.ofHours(6L * epoch));
            claims.add(claim(tree, key("earner 7").account()));
        }

        log.info("roots of {} earners {}, claims {}", EARNERS, roots, claims);
        assertThat(roots).allMatch(gas -> gas <= ROOT_MAX);
        assertThat(claims.subList(1, 4)).allMatch(gas -> gas <= CLAIM_MAX);
        // An account's first claim writes two words that were zero: its credits and what it
        // claimed.
        assertThat(claims.getFirst()).isLessThanOrEqualTo(CLAIM_MAX + 2 * FRESH_WORD);
    }

    private static RewardTree earned(long each) {
        var totals = new HashMap<Account, Amount>();
        for (int i = 0; i < EARNERS; i++) {
            totals.put(key("earner " + i).account(), Amount.of(each));
        }
        return RewardTree.of(totals);
    }

    private static AccountKey key(String name) {
        return AccountKey.of(Bytes32.keccak(name));
    }

    private void issue(Account account, long cumulative) throws Exception {
        var issuance = new Issuance(ISSUER.account(), account, Amount.of(cumulative));
        gas(Calls.issue(ISSUER.sign(domain, issuance)));
    }

    private List<Signed<Voucher>> vouchers(long cumulative) {
        var vouchers = new ArrayList<Signed<Voucher>>();
        for (int i = 0; i < PAIRS; i++) {
            var payer = key("payer " + i);
            vouchers.add(
                    payer.sign(
                            domain,
                            new Voucher(
                                    payer.account(),
                                    key("payee " + i).account(),
                                    Amount.of(cumulative),
                                    Anvil.START.plus(Duration.ofDays(1)),
                                    Bytes32.keccak("jobs"))));
        }
        return vouchers;
    }

    private long postRoot(RewardRoot root) throws Exception {
        var digest = root.digest(domain);
        var quorum =
                VALIDATORS.stream()
                        .map(key -> new Endorsement(key.account(), key.sign(digest)))
                        .toList();
        return gas(Calls.postRoot(root, quorum));
    }

    private long claim(RewardTree tree, Account account) throws Exception {
        return gas(Calls.claim(account, tree.total(account), tree.proof(account)));
    }

    private void pass(Duration sinceStart) throws Exception {
        anvil.nextTime(Anvil.START.plus(sinceStart));
        anvil.mine(1);
    }

    /** What the call costs in a block, in which it succeeds. */
    private long gas(ByteString call) throws Exception {
        var receipt = sender.send(Optional.of(contract), call, 10_000_000);
        assertThat(receipt.succeeded()).isTrue();
        return receipt.gasUsed();
    }
}
