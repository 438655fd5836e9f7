package tensorlink.ledger.smartnodes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.google.protobuf.ByteString;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tensorlink.ledger.Account;
import tensorlink.ledger.Bytes32;
import tensorlink.ledger.smartnodes.Ballot.Against;
import tensorlink.ledger.smartnodes.Ballot.Fault;
import tensorlink.ledger.smartnodes.Books.Told;

/** How a validator votes on what others propose. */
class BooksTest {
    private static final BigInteger ID = BigInteger.valueOf(7);
    private static final Account ALICE = account("alice");
    private static final Account BOB = account("bob");
    private static final Account GONE = account("gone");
    private static final Bytes32 JOB = Bytes32.keccak("job");
    private static final Bytes32 OTHER_JOB = Bytes32.keccak("other job");

    private static final List<WorkReceipt> RECEIPTS =
            List.of(
                    new WorkReceipt(JOB, ALICE, 1_000, 3_600),
                    new WorkReceipt(JOB, BOB, 500, 7_200),
                    new WorkReceipt(OTHER_JOB, ALICE, 10, 1_800));

    private final Books books = new Books(ID, RECEIPTS, Set.of(GONE));

    private static Account account(String name) {
        return new Account(Bytes32.keccak(name).bytes().substring(12));
    }

    private static Share share(Account worker, long capacity) {
        return new Share(worker, BigInteger.valueOf(capacity));
    }

    private static Distribution distribution(Share... shares) {
        return new Distribution(ID, List.of(shares));
    }

    private static Proposal honest(Distribution distribution) {
        return Proposal.of(distribution, List.of(GONE), List.of(JOB, OTHER_JOB));
    }

    private Ballot vote(Proposal proposal, Distribution told) {
        var asked = proposal.hash(Profile.HEAD, 1);
        return books.judge(Profile.HEAD, asked, new Told(1, proposal, told));
    }

    private void refuses(Fault fault, Proposal proposal, Distribution told) {
        assertThat(vote(proposal, told))
                .isInstanceOfSatisfying(
                        Against.class, against -> assertThat(against.fault()).isEqualTo(fault));
    }

    @Test
    void capacities_are_byte_hours_summed_for_each_worker() {
        assertThat(books.distribution().shares())
                .containsExactlyInAnyOrder(share(ALICE, 1_005), share(BOB, 1_000));
        assertThat(books.proposal().totalCapacity()).isEqualTo(BigInteger.valueOf(2_005));
        assertThat(books.proposal().jobs()).containsExactly(JOB, OTHER_JOB);
    }

    @Test
    void half_a_byte_hour_goes_to_the_even_number_as_python_rounds() {
        assertThat(new WorkReceipt(JOB, ALICE, 1, 1_800).capacity()).isEqualTo(BigInteger.ZERO);
        assertThat(new WorkReceipt(JOB, ALICE, 3, 1_800).capacity()).isEqualTo(BigInteger.TWO);
        assertThat(new WorkReceipt(JOB, ALICE, 1, 1_801).capacity()).isEqualTo(BigInteger.ONE);
        assertThat(new WorkReceipt(JOB, ALICE, Long.MAX_VALUE, 3_600).capacity())
                .isEqualTo(BigInteger.valueOf(Long.MAX_VALUE));
    }

    @ParameterizedTest
    @EnumSource
    void everyone_with_the_same_receipts_votes_for_it_in_whatever_order_they_came(Profile profile) {
        var reversed = new ArrayList<>(RECEIPTS);
        Collections.reverse(reversed);
        var theirs = new Books(ID, reversed, Set.of(GONE));
        var proposal = theirs.proposal();

        var ballot =
                books.judge(
                        profile,
                        proposal.hash(profile, 3),
                        new Told(3, proposal, theirs.distribution()));

        assertThat(ballot).isEqualTo(new Ballot.For());
    }

    @Test
    void the_order_of_workers_is_the_proposers() {
        var one = distribution(share(ALICE, 1_005), share(BOB, 1_000));
        var other = distribution(share(BOB, 1_000), share(ALICE, 1_005));

        assertThat(vote(honest(one), one)).isEqualTo(new Ballot.For());
        assertThat(vote(honest(other), other)).isEqualTo(new Ballot.For());
    }

    @Test
    void what_is_told_must_be_what_the_chain_asks() {
        var proposal = books.proposal();
        var told = new Told(2, proposal, books.distribution());

        var other = books.judge(Profile.HEAD, Bytes32.ZERO, told);
        var number = books.judge(Profile.SHIPPED, proposal.hash(Profile.SHIPPED, 1), told);

        assertThat(List.of(other, number))
                .allSatisfy(ballot -> assertThat(((Against) ballot).fault()).isEqualTo(Fault.HASH));
    }

    @Test
    void a_total_that_is_not_the_sum_is_refused_though_the_hash_does_not_cover_it() {
        var told = books.distribution();
        for (long total : new long[] {0, 1, 60, 2_004, 2_006, Long.MAX_VALUE}) {
            var proposal =
                    new Proposal(
                            told.root(),
                            BigInteger.valueOf(total),
                            List.of(GONE),
                            List.of(JOB, OTHER_JOB),
                            told.workersHash(),
                            told.capacitiesHash());

            assertThat(proposal.hash(Profile.HEAD, 1))
                    .isEqualTo(honest(told).hash(Profile.HEAD, 1));
            refuses(Fault.TOTAL, proposal, told);
        }
    }

    @Test
    void another_distribution_is_refused() {
        var told = new Distribution(ID.add(BigInteger.ONE), books.distribution().shares());

        refuses(Fault.DISTRIBUTION, honest(told), told);
    }

    @Test
    void jobs_that_are_missing_invented_or_named_twice_are_refused() {
        var told = books.distribution();
        var invented = Bytes32.keccak("invented");
        for (var jobs :
                List.of(
                        List.<Bytes32>of(),
                        List.of(JOB),
                        List.of(JOB, JOB),
                        List.of(JOB, invented),
                        List.of(JOB, OTHER_JOB, invented))) {
            refuses(Fault.JOBS, Proposal.of(told, List.of(GONE), jobs), told);
        }
    }

    @Test
    void validators_that_were_heard_of_keep_their_seats() {
        var told = books.distribution();
        var jobs = List.of(JOB, OTHER_JOB);

        refuses(Fault.REMOVED, Proposal.of(told, List.of(GONE, ALICE), jobs), told);
        refuses(Fault.REMOVED, Proposal.of(told, List.of(), jobs), told);
    }

    @Test
    void workers_that_are_missing_or_invented_are_refused() {
        var missing = distribution(share(ALICE, 1_005));
        var invented =
                distribution(share(ALICE, 1_005), share(BOB, 1_000), share(account("eve"), 1));

        refuses(Fault.WORKERS, honest(missing), missing);
        refuses(Fault.WORKERS, honest(invented), invented);
    }

    @Test
    void capacities_that_are_moved_from_one_worker_to_another_are_refused() {
        var moved = distribution(share(ALICE, 1_004), share(BOB, 1_001));

        refuses(Fault.CAPACITIES, honest(moved), moved);
    }

    @Test
    void a_root_or_hash_of_something_else_is_refused() {
        var told = books.distribution();
        var jobs = List.of(JOB, OTHER_JOB);
        var workers = told.workersHash();
        var capacities = told.capacitiesHash();
        var gone = List.of(GONE);
        var root = new Proposal(JOB, told.total(), gone, jobs, workers, capacities);
        var worker = new Proposal(told.root(), told.total(), gone, jobs, JOB, capacities);
        var capacity = new Proposal(told.root(), told.total(), gone, jobs, workers, JOB);

        refuses(Fault.ROOT, root, told);
        refuses(Fault.LISTS, worker, told);
        refuses(Fault.LISTS, capacity, told);
    }

    @Test
    void a_round_without_work_pays_nobody() {
        var empty = new Books(ID, List.of(), Set.of()).proposal();

        assertThat(empty.root()).isEqualTo(Bytes32.ZERO);
        assertThat(empty.totalCapacity()).isZero();
    }

    @Test
    void a_worker_has_one_share_since_the_contract_pays_one() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> distribution(share(ALICE, 1), share(ALICE, 2)))
                .withMessageContaining(ALICE.toString());
    }

    @Test
    void a_distribution_has_a_limit() {
        var shares = new ArrayList<Share>();
        for (int i = 0; i < Distribution.SHARES_MAX; i++) {
            shares.add(share(account("worker " + i), 1));
        }
        assertThat(new Distribution(ID, shares).shares()).hasSize(Distribution.SHARES_MAX);
        shares.add(share(ALICE, 1));

        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Distribution(ID, shares))
                .withMessage("4097 shares, at most 4096");
    }

    @Test
    void a_payment_is_no_more_than_the_contract_records() {
        var most = BigInteger.TWO.pow(80).subtract(BigInteger.ONE);
        var capacities = List.of(BigInteger.ONE);

        assertThat(new JobRequest(JOB, JOB, "tensorlink", capacities, most).payment())
                .isEqualTo(most);
        assertThatIllegalArgumentException()
                .isThrownBy(() ->
                        new JobRequest(
                                JOB, JOB, "tensorlink", capacities, most.add(BigInteger.ONE)))
                .withMessageContaining("payment");
    }

    @Test
    void errors_have_the_selectors_that_the_contracts_are_known_for() {
        assertThat(SmartnodesErrors.name(selector(0xde813857)))
                .isEqualTo("Coordinator__AlreadySubmittedProposal");
        assertThat(SmartnodesErrors.name(selector(0x1c6a4ddd)))
                .isEqualTo("Coordinator__NotValidator");
        assertThat(SmartnodesErrors.name(selector(0x676bf8dd)))
                .isEqualTo("Token__InvalidMerkleProof");
        assertThat(SmartnodesErrors.name(selector(0xf89736d1))).isEqualTo("Core__InvalidPayment");
        assertThat(SmartnodesErrors.name(selector(1))).isEqualTo("unknown error 0x00000001");
        assertThat(SmartnodesErrors.name(ByteString.EMPTY)).contains("without a reason");
    }

    private static ByteString selector(int value) {
        return AbiValue.number(Integer.toUnsignedLong(value)).bytes().substring(28);
    }
}
