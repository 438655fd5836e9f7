package tensorlink.ledger.smartnodes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tensorlink.ledger.Account;
import tensorlink.ledger.AccountKey;
import tensorlink.ledger.Bytes32;
import tensorlink.ledger.Cursor;
import tensorlink.ledger.LedgerException;
import tensorlink.ledger.evm.Anvil;
import tensorlink.ledger.evm.EvmAccount;
import tensorlink.ledger.evm.EvmChain;
import tensorlink.ledger.evm.EvmClient;
import tensorlink.ledger.evm.EvmConfig.Deployment;
import tensorlink.ledger.evm.Finality;
import tensorlink.ledger.smartnodes.Books.Told;
import tensorlink.ledger.smartnodes.SmartnodesEvent.Change;
import tensorlink.ledger.smartnodes.SmartnodesOutcome.Done;
import tensorlink.ledger.smartnodes.SmartnodesOutcome.Refused;
import tensorlink.ledger.smartnodes.SmartnodesOutcome.VotedAgainst;
import tensorlink.ledger.smartnodes.SmartnodesOutcome.Withheld;
import tools.jackson.databind.json.JsonMapper;

/** Rounds on a real chain, anvil, with a double of the contracts. */
class SmartnodesLedgerTest {
    private static final long UPDATE_SECONDS = 3_600;
    private static final Bytes32 JOB = Bytes32.keccak("job");
    private static final Bytes32 NODE = Bytes32.keccak("node");
    private static final BigInteger PAYMENT = BigInteger.TEN.pow(21);

    /** 85 % of what a round makes, without payments. */
    private static final BigInteger WORKERS_PART = BigInteger.TEN.pow(18).multiply(wei(38_250));

    private final AccountKey deployer = key("deployer");
    private final AccountKey first = key("first");
    private final AccountKey second = key("second");
    private final AccountKey user = key("user");
    private final AccountKey worker = key("worker");

    @TempDir private Path directory;
    private final List<AutoCloseable> open = new ArrayList<>();
    private Anvil anvil;
    private Instant time;

    private static AccountKey key(String name) {
        return AccountKey.of(Bytes32.keccak("smartnodes " + name));
    }

    private static BigInteger wei(long value) {
        return BigInteger.valueOf(value);
    }

    @BeforeEach
    void start() throws Exception {
        anvil = Anvil.start();
        time = Anvil.START;
        for (var key : List.of(deployer, first, second, user, worker)) {
            anvil.enrich(key.account());
        }
    }

    @AfterEach
    void stop() throws Exception {
        if (anvil != null) {
            for (var ledger : open) {
                ledger.close();
            }
            anvil.close();
        }
    }

    // Arranging.

    private EvmChain chain() {
        return anvil.chain(new Finality.Depth(0));
    }

    private EvmAccount account(AccountKey key) {
        return new EvmAccount(key, directory.resolve("journal of " + key.account()), Anvil.QUICK);
    }

    private static ByteString code(String name) throws IOException {
        try (var in =
                SmartnodesLedgerTest.class.getResourceAsStream(
                        "/contracts/SmartnodesDouble.json")) {
            var hex = JsonMapper.shared().readTree(in).get(name).asString();
            return ByteString.copyFrom(HexFormat.of().parseHex(hex, 2, hex.length()));
        }
    }

    private SmartnodesConfig deploy(Profile profile) throws Exception {
        return deploy(profile, profile);
    }

    private SmartnodesConfig deploy(Profile ofToken, Profile ofCoordinator) throws Exception {
        var genesis = List.of(first.account(), second.account(), user.account());
        try (var client = EvmClient.open(chain(), List.of(), account(deployer), anvil::mineOne)) {
            var tokenCode = code(ofToken == Profile.HEAD ? "HeadToken" : "ShippedToken");
            var token =
                    client.deploy(tokenCode.concat(AbiValue.encode(AbiValue.accounts(genesis))));
            var tokenWord = AbiValue.account(token.address());
            var core = client.deploy(code("DoubleCore").concat(AbiValue.encode(tokenWord)));
            var coreWord = AbiValue.account(core.address());
            var period = AbiValue.number(UPDATE_SECONDS);
            var percent = AbiValue.number(66);
            var nobody = AbiValue.accounts(List.of());
            var coordinatorCode =
                    switch (ofCoordinator) {
                        case SHIPPED ->
                                code("ShippedCoordinator")
                                        .concat(AbiValue.encode(period, percent, coreWord, nobody));
                        case HEAD ->
                                code("HeadCoordinator")
                                        .concat(
                                                AbiValue.encode(
                                                        period, percent, coreWord, tokenWord,
                                                        nobody));
                    };
            var coordinator = client.deploy(coordinatorCode);
            var coordinatorWord = AbiValue.account(coordinator.address());
            wire(client, token, "setSmartnodes(address,address)", coreWord, coordinatorWord);
            wire(client, core, "setCoordinator(address)", coordinatorWord);
            return new SmartnodesConfig(chain(), core, coordinator, token);
        }
    }

    private static void wire(
            EvmClient client, Deployment contract, String function, AbiValue... arguments)
            throws Exception {
        var sent = client.send(contract.address(), AbiValue.call(function, arguments));
        assertThat(sent).isInstanceOf(EvmClient.Sent.Done.class);
    }

    private SmartnodesLedger open(SmartnodesConfig config, AccountKey key) throws Exception {
        var ledger = SmartnodesLedger.open(config, account(key), anvil::mineOne);
        open.add(ledger);
        return ledger;
    }

    private SmartnodesLedger validator(SmartnodesConfig config, AccountKey key) throws Exception {
        var ledger = open(config, key);
        done(ledger.registerValidator(NODE));
        done(ledger.joinRounds());
        return ledger;
    }

    private static Done done(SmartnodesOutcome outcome) {
        assertThat(outcome).isInstanceOf(Done.class);
        return (Done) outcome;
    }

    private static List<Change> changes(Done done) {
        return done.events().stream().map(SmartnodesEvent::change).toList();
    }

    private void pass(Duration period) throws Exception {
        time = time.plus(period);
        anvil.nextTime(time);
        anvil.mineOne(period);
    }

    private Books books(long distribution) {
        var other = new Account(Bytes32.keccak("other worker").bytes().substring(12));
        return new Books(
                BigInteger.valueOf(distribution),
                List.of(
                        new WorkReceipt(JOB, worker.account(), 300, 3_600),
                        new WorkReceipt(JOB, other, 100, 3_600)),
                Set.of());
    }

    private static Told told(int number, Books books) {
        return new Told(number, books.proposal(), books.distribution());
    }

    /** One round of two validators, the first of which proposes. */
    private static void round(SmartnodesLedger one, SmartnodesLedger other, Books books)
            throws Exception {
        done(one.propose(books));
        done(one.vote(told(1, books), books));
        done(other.vote(told(1, books), books));
        done(one.execute(1, books.proposal()));
    }

    // What happens.

    @ParameterizedTest
    @EnumSource
    void a_job_is_requested_completed_by_a_round_and_its_worker_paid(Profile profile)
            throws Exception {
        var config = deploy(profile);
        var one = validator(config, first);
        var other = validator(config, second);
        var payer = open(config, user);
        var paid = open(config, worker);
        done(payer.registerUser(NODE));
        var request =
                new JobRequest(NODE, JOB, "tensorlink", List.of(BigInteger.valueOf(400)), PAYMENT);
        assertThat(changes(done(payer.requestJob(request))))
                .containsExactly(new Change.JobCreated(JOB, NODE, PAYMENT, true));
        var books = books(1);

        var proposed = changes(done(one.propose(books)));
        done(one.vote(told(1, books), books));
        done(other.vote(told(1, books), books));
        assertThat(one.proposal(1).orElseThrow().votes()).isEqualTo(2);
        var executed = changes(done(one.execute(1, books.proposal())));
        var claimed = changes(done(paid.claim(books.distribution())));

        assertThat(one.profile()).isEqualTo(profile);
        var hash = books.proposal().hash(profile, 1);
        assertThat(proposed).containsExactly(new Change.ProposalCreated(1, hash, first.account()));
        assertThat(executed)
                .contains(
                        new Change.ProposalExecuted(1, hash),
                        new Change.JobCompleted(JOB, PAYMENT, true),
                        new Change.RoundStarted(BigInteger.TWO));
        var pool = PAYMENT.multiply(wei(85)).divide(wei(100)).add(WORKERS_PART);
        assertThat(paid.distribution(BigInteger.ONE))
                .contains(
                        new DistributionRecord(
                                books.distribution().root(),
                                pool,
                                BigInteger.ZERO,
                                BigInteger.valueOf(400)));
        var id = profile == Profile.HEAD ? BigInteger.ONE : BigInteger.ZERO;
        var part = pool.multiply(wei(300)).divide(wei(400));
        assertThat(claimed).containsExactly(new Change.Claimed(id, worker.account(), part));
        assertThat(paid.isClaimed(BigInteger.ONE, worker.account())).isTrue();
        assertThat(paid.claim(books.distribution()))
                .isEqualTo(new Refused("Token__RewardsAlreadyClaimed"));
    }

    @Test
    void a_node_is_a_validator_when_its_hash_is_locked_under_its_account() throws Exception {
        var config = deploy(Profile.HEAD);
        var ledger = validator(config, first);

        assertThat(ledger.isValidator(first.account(), NODE)).isTrue();
        assertThat(ledger.isValidator(first.account(), JOB)).isFalse();
        assertThat(ledger.isValidator(second.account(), NODE)).isFalse();
        assertThat(ledger.isValidator(worker.account(), Bytes32.ZERO)).isFalse();
        assertThat(ledger.registerValidator(NODE)).isEqualTo(new Refused("Core__NodeExists"));
        assertThat(open(config, worker).registerValidator(NODE))
                .isEqualTo(new Refused("Token__InsufficientBalance"));
    }

    @ParameterizedTest
    @EnumSource
    void the_rules_of_a_round_are_refusals_by_name(Profile profile) throws Exception {
        var config = deploy(profile);
        var one = validator(config, first);
        var other = validator(config, second);
        var stranger = open(config, worker);
        var books = books(1);
        assertThat(stranger.propose(books)).isEqualTo(new Refused("Coordinator__NotValidator"));
        done(one.propose(books));
        done(one.vote(told(1, books), books));

        assertThat(one.vote(told(1, books), books))
                .isEqualTo(new Refused("Coordinator__AlreadyVoted"));
        assertThat(one.execute(1, books.proposal()))
                .isEqualTo(new Refused("Coordinator__NotEnoughVotes"));
        assertThat(other.execute(1, books.proposal()))
                .isEqualTo(new Refused("Coordinator__MustBeProposalCreator"));
        done(other.vote(told(1, books), books));
        assertThat(one.execute(1, Proposal.of(books.distribution(), List.of(), List.of())))
                .isEqualTo(new Refused("Coordinator__ProposalDataMismatch"));
        done(one.execute(1, books.proposal()));
        assertThat(one.propose(books(2))).isEqualTo(new Refused("Coordinator__ProposalTooEarly"));
        assertThat(one.propose(books)).isInstanceOf(Withheld.class);
    }

    @Test
    void a_validator_gives_no_vote_to_a_proposal_with_another_total() throws Exception {
        var config = deploy(Profile.HEAD);
        var one = validator(config, first);
        var other = validator(config, second);
        var books = books(1);
        done(one.propose(books));
        var honest = books.proposal();
        var lying =
                new Proposal(
                        honest.root(),
                        BigInteger.valueOf(60),
                        honest.removed(),
                        honest.jobs(),
                        honest.workersHash(),
                        honest.capacitiesHash());

        var outcome = other.vote(new Told(1, lying, books.distribution()), books);

        assertThat(outcome)
                .isInstanceOfSatisfying(
                        VotedAgainst.class,
                        against ->
                                assertThat(against.ballot().fault()).isEqualTo(Ballot.Fault.TOTAL));
        assertThat(one.proposal(1).orElseThrow().votes()).isZero();
        assertThat(other.vote(told(2, books), books)).isInstanceOf(Withheld.class);
    }

    @ParameterizedTest
    @EnumSource
    void several_rounds_are_claimed_at_once_and_each_of_them_once(Profile profile)
            throws Exception {
        var config = deploy(profile);
        var one = validator(config, first);
        var other = validator(config, second);
        var paid = open(config, worker);
        var before = books(1);
        var after = books(2);
        round(one, other, before);
        pass(Duration.ofSeconds(UPDATE_SECONDS));
        round(one, other, after);
        var twice = List.of(before.distribution(), after.distribution(), before.distribution());

        assertThat(paid.claimAll(twice)).isInstanceOf(Withheld.class);
        assertThat(paid.claimAll(List.of())).isInstanceOf(Withheld.class);
        var claimed =
                changes(done(paid.claimAll(List.of(before.distribution(), after.distribution()))));

        assertThat(claimed).hasSize(2).allMatch(Change.Claimed.class::isInstance);
        assertThat(paid.isClaimed(BigInteger.TWO, worker.account())).isTrue();
    }

    @Test
    void a_claim_that_leads_to_another_root_is_not_sent() throws Exception {
        var config = deploy(Profile.HEAD);
        var one = validator(config, first);
        var other = validator(config, second);
        var paid = open(config, worker);
        round(one, other, books(1));
        var more =
                new Distribution(
                        BigInteger.ONE,
                        List.of(new Share(worker.account(), BigInteger.valueOf(400))));

        assertThat(paid.claim(more)).isInstanceOf(Withheld.class);
        assertThat(paid.claim(books(2).distribution())).isInstanceOf(Withheld.class);
        assertThat(one.claim(books(1).distribution())).isInstanceOf(Withheld.class);
    }

    @Test
    void the_round_tells_its_time_its_validators_and_how_many_votes_it_takes() throws Exception {
        var config = deploy(Profile.HEAD);
        var one = validator(config, first);
        var other = validator(config, second);
        assertThat(one.round().expired()).as("nothing was ever executed").isTrue();
        round(one, other, books(1));

        var round = one.round();

        assertThat(round)
                .isEqualTo(
                        new Round(
                                BigInteger.TWO,
                                Anvil.START,
                                Duration.ofSeconds(UPDATE_SECONDS),
                                List.of(first.account(), second.account()),
                                2,
                                false));
        assertThat(one.nextDistribution()).isEqualTo(BigInteger.TWO);
    }

    @Test
    void events_of_all_three_contracts_come_in_order_and_each_once() throws Exception {
        var config = deploy(Profile.HEAD);
        var one = validator(config, first);
        var other = validator(config, second);
        round(one, other, books(1));
        var all = new ArrayList<SmartnodesEvent>();

        var end = one.events(Cursor.START, all::add);

        assertThat(all)
                .extracting(event -> event.change().getClass().getSimpleName())
                .containsExactly(
                        "ValidatorAdded",
                        "ValidatorAdded",
                        "ProposalCreated",
                        "RoundStarted",
                        "ProposalExecuted",
                        "DistributionCreated");
        var rest = new ArrayList<SmartnodesEvent>();
        one.events(all.get(3).next(), rest::add);
        assertThat(rest).isEqualTo(all.subList(4, all.size()));
        assertThat(one.events(end, event -> assertThat(event).isNull())).isEqualTo(end);
    }

    @Test
    void contracts_of_different_profiles_are_refused() throws Exception {
        var config = deploy(Profile.HEAD, Profile.SHIPPED);

        assertThatExceptionOfType(LedgerException.class)
                .isThrownBy(() -> open(config, first))
                .withMessageContaining("different profiles");
    }

    @Test
    void a_contract_with_another_code_is_refused() throws Exception {
        var config = deploy(Profile.HEAD);
        var token = config.token();
        var other =
                new SmartnodesConfig(
                        config.chain(),
                        config.core(),
                        config.coordinator(),
                        new Deployment(token.address(), Bytes32.ZERO, token.block()));

        assertThatExceptionOfType(LedgerException.class).isThrownBy(() -> open(other, first));
    }
}
