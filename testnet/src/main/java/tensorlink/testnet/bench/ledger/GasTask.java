package tensorlink.testnet.bench.ledger;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import tensorlink.ledger.Account;
import tensorlink.ledger.AccountKey;
import tensorlink.ledger.Amount;
import tensorlink.ledger.Bytes32;
import tensorlink.ledger.Deposit;
import tensorlink.ledger.Endorsement;
import tensorlink.ledger.Funding;
import tensorlink.ledger.Issuance;
import tensorlink.ledger.Outcome;
import tensorlink.ledger.RewardTree;
import tensorlink.ledger.Signed;
import tensorlink.ledger.Stake;
import tensorlink.ledger.Voucher;
import tensorlink.ledger.evm.EvmAccount;
import tensorlink.ledger.evm.EvmChain;
import tensorlink.ledger.evm.EvmConfig;
import tensorlink.ledger.evm.EvmLedger;
import tensorlink.ledger.evm.EvmTerms;
import tensorlink.ledger.evm.Finality;
import tensorlink.ledger.evm.SenderSettings;
import tensorlink.ledger.smartnodes.Books;
import tensorlink.ledger.smartnodes.JobRequest;
import tensorlink.ledger.smartnodes.SmartnodesConfig;
import tensorlink.ledger.smartnodes.SmartnodesLedger;
import tensorlink.ledger.smartnodes.SmartnodesOutcome;
import tensorlink.ledger.smartnodes.WorkReceipt;
import tensorlink.p2p.core.Scheduler;
import tensorlink.testnet.chain.Anvil;
import tensorlink.testnet.chain.SmartnodesDouble;

/**
 * What a job and its settlement cost in gas, on our contract and on a double of the Smartnodes
 * contracts, on one chain. Both are called as nodes call them, and the cost is what the blocks say.
 */
final class GasTask {
    static final String PAIR = "redeem, each of 50 known pairs";
    static final String PAIR_FIRST = "redeem, each of 50 new pairs";
    static final String JOB = "a job more between a pair";
    static final String ROOT = "reward root of 1,000 earners";
    static final String ROOT_FIRST = "reward root, the first of a contract";
    static final String CLAIM = "claim, proof of 10";
    static final String CLAIM_FIRST = "claim, the first of an account";
    static final String SMARTNODES_REQUEST = "Smartnodes double: job request";
    static final String SMARTNODES_SHARE = "Smartnodes double: job's part of a round";
    static final String SMARTNODES_JOB = "Smartnodes double: a paid job in all";
    static final String SMARTNODES_CLAIM = "Smartnodes double: claim of a round";

    /** What each may cost at most. */
    static final Map<String, Long> BOUNDS =
            Map.of(PAIR, 30_000L, JOB, 0L, ROOT, 75_000L, ROOT_FIRST, 75_000L, CLAIM, 65_000L);

    private static final int PAIRS = 50;
    private static final int JOBS = 1_000;
    private static final int EARNERS = 1_000;
    private static final int EPOCHS = 4;
    private static final int JOBS_OF_ROUND = 20;

    /** Between two rounds of Smartnodes. */
    private static final Duration PERIOD = Duration.ofHours(1);

    private static final Duration ACTIVATION = Duration.ofHours(1);
    private static final Duration EXPIRY = Duration.ofDays(30);
    private static final Bytes32 NODE = Bytes32.keccak("node");
    private static final Bytes32 NO_JOBS = Bytes32.ZERO;

    private final Scheduler scheduler;
    private final Anvil anvil;
    private final Path folder;
    private final EvmChain chain;
    private final Map<String, Long> gas = new LinkedHashMap<>();

    /**
     * @param anvil makes a block of each transaction
     * @param folder for what is sent
     */
    GasTask(Scheduler scheduler, Anvil anvil, Path folder) {
        this.scheduler = scheduler;
        this.anvil = anvil;
        this.folder = folder;
        this.chain =
                EvmChain.of(Anvil.CHAIN_ID, List.of(anvil.uri()))
                        .withFinality(new Finality.Depth(0));
    }

    /** Gas by what it was for, in the order of the constants. */
    Map<String, Long> run(Path smartnodes) throws IOException, InterruptedException {
        ours();
        theirs(smartnodes);
        return gas;
    }

    private static AccountKey key(String name) {
        return AccountKey.of(Bytes32.keccak("gas " + name));
    }

    private EvmAccount account(String name) throws IOException, InterruptedException {
        var key = key(name);
        anvil.enrich(key.account());
        var usual = SenderSettings.defaults();
        return new EvmAccount(
                key,
                folder.resolve("transactions of " + name),
                new SenderSettings(
                        usual.feeCeiling(),
                        Duration.ofMillis(1),
                        usual.blocksUntilBump(),
                        Duration.ofMinutes(1)));
    }

    private interface Request {
        Outcome send() throws IOException, InterruptedException;
    }

    /** What a request costs that the contract takes. */
    private long cost(Request request) throws IOException, InterruptedException {
        long before = anvil.blocks();
        var outcome = request.send();
        if (!(outcome instanceof Outcome.Recorded || outcome instanceof Outcome.Paid)) {
            throw new IllegalStateException("not taken: " + outcome);
        }
        long used = 0;
        for (long block = before + 1; block <= anvil.blocks(); block++) {
            used += anvil.gasUsed(block);
        }
        return used;
    }

    // Ours.

    private void ours() throws IOException, InterruptedException {
        var issuer = key("issuer");
        var terms =
                new EvmTerms(
                        issuer.account(),
                        Account.ZERO,
                        Amount.of(100),
                        1,
                        ACTIVATION,
                        ACTIVATION,
                        ACTIVATION,
                        ACTIVATION);
        var deployed = EvmLedger.deploy(chain, terms, account("deployer"), scheduler::sleep);
        var config = new EvmConfig("gas", chain, deployed);
        try (var ledger = EvmLedger.open(config, account("sender"), scheduler::sleep)) {
            pairs(ledger, issuer);
            rewards(ledger, issuer);
        }
    }

    private void pairs(EvmLedger ledger, AccountKey issuer)
            throws IOException, InterruptedException {
        for (int i = 0; i < PAIRS; i++) {
            var payer = key("payer " + i);
            issue(ledger, issuer, payer.account());
            var deposit = new Deposit(payer.account(), Amount.of(1_000_000));
            cost(() -> ledger.deposit(payer.sign(ledger.info().domain(), deposit)));
        }
        long first = cost(() -> ledger.redeem(vouchers(ledger, PAIRS, 1, NO_JOBS)));
        long later = cost(() -> ledger.redeem(vouchers(ledger, PAIRS, 2, NO_JOBS)));
        // A job between two who know each other, and then a thousand: one voucher says it all.
        var one = Bytes32.keccak("a tree of one job");
        var many = Bytes32.keccak("a tree of a thousand jobs");
        long ofOne = cost(() -> ledger.redeem(vouchers(ledger, 1, 1_000, one)));
        long ofMany = cost(() -> ledger.redeem(vouchers(ledger, 1, 1_000 + JOBS, many)));
        gas.put(PAIR_FIRST, first / PAIRS);
        gas.put(PAIR, later / PAIRS);
        gas.put(JOB, Math.round((double) (ofMany - ofOne) / (JOBS - 1)));
    }

    private void issue(EvmLedger ledger, AccountKey issuer, Account to)
            throws IOException, InterruptedException {
        var issuance = new Issuance(issuer.account(), to, Amount.of(1_000_000));
        cost(() -> ledger.issue(issuer.sign(ledger.info().domain(), issuance)));
    }

    private List<Signed<Voucher>> vouchers(EvmLedger ledger, int pairs, long sum, Bytes32 jobs) {
        var expiry = Instant.ofEpochSecond(scheduler.now().plus(EXPIRY).getEpochSecond());
        var vouchers = new ArrayList<Signed<Voucher>>();
        for (int i = 0; i < pairs; i++) {
            var payer = key("payer " + i);
            var voucher =
                    new Voucher(
                            payer.account(),
                            key("payee " + i).account(),
                            Amount.of(sum),
                            expiry,
                            jobs);
            vouchers.add(payer.sign(ledger.info().domain(), voucher));
        }
        return vouchers;
    }

    private void rewards(EvmLedger ledger, AccountKey issuer)
            throws IOException, InterruptedException {
        var domain = ledger.info().domain();
        var validators = List.of(key("validator 1"), key("validator 2"));
        for (var validator : validators) {
            issue(ledger, issuer, validator.account());
            var stake = new Stake(validator.account(), Amount.of(100));
            cost(() -> ledger.stake(validator.sign(domain, stake)));
        }
        issue(ledger, issuer, issuer.account());
        var funding = new Funding(issuer.account(), Amount.of(1_000_000));
        cost(() -> ledger.fund(issuer.sign(domain, funding)));
        for (int epoch = 1; epoch <= EPOCHS; epoch++) {
            var tree = earned(epoch);
            var root = tree.root(epoch);
            var digest = root.digest(domain);
            var quorum =
                    validators.stream()
                            .map(key -> new Endorsement(key.account(), key.sign(digest)))
                            .toList();
            long posted = cost(() -> ledger.postRoot(root, quorum));
            anvil.pass(ACTIVATION.plusSeconds(1));
            var earner = key("earner 7").account();
            long claimed = cost(() -> ledger.claim(earner, tree.total(earner), tree.proof(earner)));
            gas.put(epoch == 1 ? ROOT_FIRST : ROOT, posted);
            gas.put(epoch == 1 ? CLAIM_FIRST : CLAIM, claimed);
        }
    }

    private static RewardTree earned(long each) {
        var totals = new HashMap<Account, Amount>();
        for (int i = 0; i < EARNERS; i++) {
            totals.put(key("earner " + i).account(), Amount.of(each));
        }
        return RewardTree.of(totals);
    }

    // Theirs.

    private void theirs(Path their) throws IOException, InterruptedException {
        var genesis = List.of(key("user").account(), key("validator").account());
        var config =
                new SmartnodesDouble(their, genesis, PERIOD)
                        .deploy(chain, account("their deployer"), scheduler::sleep);
        var job = Bytes32.keccak("job");
        var worker = account("worker");
        try (var user = open(config, account("user"));
                var validator = open(config, account("validator"));
                var paid = open(config, worker)) {
            done(user.registerUser(NODE));
            done(validator.registerValidator(NODE));
            done(validator.joinRounds());
            var receipts = new ArrayList<WorkReceipt>();
            receipts.add(new WorkReceipt(job, worker.key().account(), 300, 3_600));
            for (int i = 1; i < EARNERS; i++) {
                receipts.add(new WorkReceipt(job, key("earner " + i).account(), 100, 3_600));
            }
            var books = new Books(BigInteger.ONE, receipts, Set.of());
            round(validator, books);
            long oneJob = round(validator, new Books(BigInteger.TWO, receipts, Set.of()));
            long requested = 0;
            for (int i = 0; i < JOBS_OF_ROUND; i++) {
                var more = Bytes32.keccak("job " + i);
                // The last counts: the first make room for the user's payments.
                requested = done(user.requestJob(request(more)));
                receipts.add(new WorkReceipt(more, worker.key().account(), 1, 3_600));
            }
            long moreJobs = round(validator, new Books(BigInteger.valueOf(3), receipts, Set.of()));
            long share = (moreJobs - oneJob) / JOBS_OF_ROUND;
            gas.put(SMARTNODES_REQUEST, requested);
            gas.put(SMARTNODES_SHARE, share);
            gas.put(SMARTNODES_JOB, requested + share);
            gas.put(SMARTNODES_CLAIM, done(paid.claim(books.distribution())));
        }
    }

    private static JobRequest request(Bytes32 job) {
        return new JobRequest(
                NODE, job, "tensorlink", List.of(BigInteger.valueOf(400)), BigInteger.TEN.pow(18));
    }

    /** What the execution of a round costs. */
    private long round(SmartnodesLedger validator, Books books)
            throws IOException, InterruptedException {
        anvil.pass(PERIOD.plusSeconds(1));
        done(validator.propose(books));
        done(validator.vote(new Books.Told(1, books.proposal(), books.distribution()), books));
        return done(validator.execute(1, books.proposal()));
    }

    private SmartnodesLedger open(SmartnodesConfig config, EvmAccount account)
            throws IOException, InterruptedException {
        return SmartnodesLedger.open(config, account, scheduler::sleep);
    }

    private static long done(SmartnodesOutcome outcome) {
        if (outcome instanceof SmartnodesOutcome.Done(_, long gasUsed, _)) {
            return gasUsed;
        }
        throw new IllegalStateException("not done: " + outcome);
    }
}
