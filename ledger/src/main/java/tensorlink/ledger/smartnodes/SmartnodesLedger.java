package tensorlink.ledger.smartnodes;

import static tensorlink.ledger.evm.ChainQuestion.asking;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.math.BigInteger;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import tensorlink.ledger.Account;
import tensorlink.ledger.Bytes32;
import tensorlink.ledger.Cursor;
import tensorlink.ledger.LedgerException;
import tensorlink.ledger.evm.AbiReader;
import tensorlink.ledger.evm.EvmAccount;
import tensorlink.ledger.evm.EvmClient;
import tensorlink.ledger.evm.EvmClient.Answer;
import tensorlink.ledger.evm.EvmClient.Sent;
import tensorlink.ledger.evm.NewHeads;
import tensorlink.ledger.evm.Pause;
import tensorlink.ledger.smartnodes.SmartnodesEvent.Change;
import tensorlink.ledger.smartnodes.SmartnodesOutcome.Done;
import tensorlink.ledger.smartnodes.SmartnodesOutcome.Refused;
import tensorlink.ledger.smartnodes.SmartnodesOutcome.VotedAgainst;
import tensorlink.ledger.smartnodes.SmartnodesOutcome.Withheld;

/**
 * The existing Smartnodes contracts for one account, which is a validator, a user or a worker.
 *
 * <p>Answers are those of final blocks, and a request is answered when it is final. Only what goes
 * before a vote or a proposal is asked of the newest block, since the contracts have a vote name a
 * number and not a hash: between the look and the vote another proposal may take the number, which
 * nobody but the contracts can prevent.
 *
 * <p>Not a {@link tensorlink.ledger.Ledger}: these contracts know no deposits of users and no
 * vouchers. Safe for use by several threads; each call blocks.
 */
public final class SmartnodesLedger implements AutoCloseable {
    /** That the contract takes in one batch. */
    static final int CLAIMS_MAX = 100;

    private static final int WORD_BITS = 256;
    private static final int SELECTED_MAX = 1_000;
    private static final int VALIDATORS_MAX = 1_000;

    private final EvmClient client;
    private final SmartnodesConfig config;
    private final Account core;
    private final Account coordinator;
    private final Account token;
    private final Profile profile;

    private SmartnodesLedger(EvmClient client, SmartnodesConfig config, Profile profile) {
        this.client = client;
        this.config = config;
        this.core = config.core().address();
        this.coordinator = config.coordinator().address();
        this.token = config.token().address();
        this.profile = profile;
    }

    /**
     * Opens the contracts: checks that the chain has them, and finds out which profile they have.
     *
     * @param account the validator, user or worker; it pays for gas
     * @throws LedgerException when no endpoint shows the contracts, or they do not fit together
     */
    public static SmartnodesLedger open(SmartnodesConfig config, EvmAccount account, Pause pause)
            throws LedgerException, InterruptedException {
        return asking(() -> {
            var client = EvmClient.open(config.chain(), config.contracts(), account, pause);
            try {
                return new SmartnodesLedger(client, config, probe(client, config));
            } catch (IOException | InterruptedException | RuntimeException e) {
                try (client) {
                    throw e;
                }
            }
        });
    }

    /** Each of two contracts answers one question in one profile only. */
    private static Profile probe(EvmClient client, SmartnodesConfig config)
            throws IOException, InterruptedException {
        boolean headToken = has(client, config.token().address(), "i_deploymentTimestamp()");
        boolean shippedRounds = has(client, config.coordinator().address(), "currentRoundNumber()");
        if (headToken == shippedRounds) {
            throw new LedgerException(
                    "token "
                            + config.token().address()
                            + " and coordinator "
                            + config.coordinator().address()
                            + " are of different profiles, or of none that is known");
        }
        return headToken ? Profile.HEAD : Profile.SHIPPED;
    }

    private static boolean has(EvmClient client, Account contract, String view)
            throws IOException, InterruptedException {
        return switch (client.ask(contract, AbiValue.call(view))) {
            case Answer.Returned _ -> true;
            case Answer.Reverted _ -> false;
        };
    }

    public Profile profile() {
        return profile;
    }

    public Account account() {
        return client.account();
    }

    // Registration.

    /** Whether an account has locked a validator's collateral, for the node with this hash. */
    public boolean isValidator(Account account, Bytes32 publicKeyHash)
            throws LedgerException, InterruptedException {
        return asking(() -> {
            var call = AbiValue.call("getValidatorInfo(address)", AbiValue.account(account));
            var answer = read(core, call);
            boolean locked = answer.bool("locked");
            return locked && answer.bytes32("publicKeyHash").equals(publicKeyHash);
        });
    }

    /** Who has a seat and its collateral locked, by the hash of the node that it registered. */
    public Map<Bytes32, Account> validators() throws LedgerException, InterruptedException {
        return asking(() -> {
            var list = read(coordinator, AbiValue.call("getValidators()")).at("validators", 0);
            int count = list.count("validators", AbiReader.WORD);
            if (count > VALIDATORS_MAX) {
                throw new LedgerException(
                        count + " validators have a seat, at most " + VALIDATORS_MAX);
            }
            var seated = new HashMap<Bytes32, Account>();
            for (int i = 0; i < count; i++) {
                var account = list.account("validator");
                var call = AbiValue.call("getValidatorInfo(address)", AbiValue.account(account));
                var answer = read(core, call);
                boolean locked = answer.bool("locked");
                var hash = answer.bytes32("publicKeyHash");
                if (locked) {
                    seated.put(hash, account);
                }
            }
            return Map.copyOf(seated);
        });
    }

    /**
     * Locks a validator's collateral. <b>The contracts never give it back</b>: HEAD's way to unlock
     * it always reverts, and shipped has none.
     */
    public SmartnodesOutcome registerValidator(Bytes32 publicKeyHash)
            throws LedgerException, InterruptedException {
        return send(core, AbiValue.call("createValidator(bytes32)", AbiValue.word(publicKeyHash)));
    }

    /** Locks a user's collateral, with the same warning. */
    public SmartnodesOutcome registerUser(Bytes32 publicKeyHash)
            throws LedgerException, InterruptedException {
        return send(core, AbiValue.call("createUser(bytes32)", AbiValue.word(publicKeyHash)));
    }

    /** Takes a seat among those who vote. */
    public SmartnodesOutcome joinRounds() throws LedgerException, InterruptedException {
        return send(coordinator, AbiValue.call("addValidator()"));
    }

    /** Puts a job's payment aside. There is no way to take it back. */
    public SmartnodesOutcome requestJob(JobRequest request)
            throws LedgerException, InterruptedException {
        return send(
                core,
                AbiValue.call(
                        "requestJob(bytes32,bytes32,string,uint256[],uint128)",
                        AbiValue.word(request.user()),
                        AbiValue.word(request.job()),
                        AbiValue.text(request.network()),
                        AbiValue.numbers(request.capacities()),
                        AbiValue.number(request.payment())));
    }

    // Rounds.

    public Round round() throws LedgerException, InterruptedException {
        return asking(() -> {
            var state = read(coordinator, AbiValue.call("getState()"));
            var number = state.integer("proposalId", WORD_BITS);
            var lastExecution = state.time("executionTime");
            var list = state.at("roundValidators", 0);
            int count = list.count("roundValidators", AbiReader.WORD);
            if (count > SELECTED_MAX) {
                throw new LedgerException(
                        count + " validators are selected, at most " + SELECTED_MAX);
            }
            var selected = new ArrayList<Account>();
            for (int i = 0; i < count; i++) {
                selected.add(list.account("roundValidator"));
            }
            var updateTime =
                    read(coordinator, AbiValue.call("timeConfig()"))
                            .integer("updateTime", Integer.SIZE);
            var votesNeeded =
                    read(coordinator, AbiValue.call("getRequiredApprovals()"))
                            .integer("required", Integer.SIZE - 1);
            return new Round(
                    number,
                    lastExecution,
                    Duration.ofSeconds(updateTime.longValue()),
                    selected,
                    votesNeeded.intValue(),
                    isExpired(client.ask(coordinator, AbiValue.call("isRoundExpired()"))));
        });
    }

    private static boolean isExpired(Answer answer) throws IOException {
        return returned(answer).bool("expired");
    }

    /** The id of the distribution that the next execution makes, which leaves are made with. */
    public BigInteger nextDistribution() throws LedgerException, InterruptedException {
        return asking(() ->
                returned(client.askNext(token, AbiValue.call("s_currentDistributionId()")))
                        .integer("s_currentDistributionId", WORD_BITS)
                        .add(BigInteger.ONE));
    }

    /** The proposal with {@code number} of the newest block's round. */
    public Optional<StandingProposal> proposal(int number)
            throws LedgerException, InterruptedException {
        return asking(() -> {
            var call = AbiValue.call("getProposal(uint8)", AbiValue.number(number));
            return switch (client.askNext(coordinator, call)) {
                case Answer.Reverted _ -> Optional.<StandingProposal>empty();
                case Answer.Returned(var in) ->
                        Optional.of(
                                new StandingProposal(
                                        in.account("creator"),
                                        in.integer("proposalNum", Byte.SIZE).intValue(),
                                        in.integer("votes", Integer.SIZE).longValue(),
                                        in.bytes32("proposalHash")));
            };
        });
    }

    /**
     * Proposes what the books say; whoever votes must be told of it beside the chain.
     *
     * @return where it was done, a {@link Change.ProposalCreated} with its number
     * @throws LedgerException also when another proposal came first and the profile has the number
     *     in the hash: then this one can never be executed
     */
    public SmartnodesOutcome propose(Books books) throws LedgerException, InterruptedException {
        if (!nextDistribution().equals(books.distribution().id())) {
            return new Withheld(otherDistribution(books));
        }
        int number = asking(this::nextNumber);
        var hash = books.proposal().hash(profile, number);
        var outcome =
                send(coordinator, AbiValue.call("createProposal(bytes32)", AbiValue.word(hash)));
        if (profile == Profile.SHIPPED && outcome instanceof Done(_, _, var events)) {
            for (var event : events) {
                if (event.change() instanceof Change.ProposalCreated(int given, _, _)
                        && given != number) {
                    throw new LedgerException(
                            "another proposal came first: ours is number "
                                    + given
                                    + " and was hashed as "
                                    + number);
                }
            }
        }
        return outcome;
    }

    private int nextNumber() throws IOException, InterruptedException {
        if (isExpired(client.askNext(coordinator, AbiValue.call("isRoundExpired()")))) {
            return 1; // those before are wiped
        }
        var answer = client.askNext(coordinator, AbiValue.call("getNumProposals()"));
        int proposals = returned(answer).integer("proposals", Byte.SIZE).intValue();
        if (proposals == Proposal.NUMBER_MAX) {
            throw new LedgerException(proposals + " proposals, no number is left in this round");
        }
        return proposals + 1;
    }

    private static String otherDistribution(Books books) {
        return "the books are of distribution "
                + books.distribution().id()
                + ", which is not the next";
    }

    /** Votes for a proposal if it is what one's own books say. */
    public SmartnodesOutcome vote(Books.Told told, Books own)
            throws LedgerException, InterruptedException {
        if (!nextDistribution().equals(own.distribution().id())) {
            return new Withheld(otherDistribution(own));
        }
        var asked = proposal(told.number());
        if (asked.isEmpty()) {
            return new Withheld("the round has no proposal " + told.number());
        }
        return switch (own.judge(profile, asked.get().hash(), told)) {
            case Ballot.Against against -> new VotedAgainst(against);
            case Ballot.For() ->
                    send(
                            coordinator,
                            AbiValue.call(
                                    "voteForProposal(uint8)", AbiValue.number(told.number())));
        };
    }

    /** Does what was voted for; only whoever proposed it can. */
    public SmartnodesOutcome execute(int number, Proposal proposal)
            throws LedgerException, InterruptedException {
        return send(
                coordinator,
                AbiValue.call(
                        "executeProposal(uint8,bytes32,uint256,address[],bytes32[],bytes32,bytes32)",
                        AbiValue.number(number),
                        AbiValue.word(proposal.root()),
                        AbiValue.number(proposal.totalCapacity()),
                        AbiValue.accounts(proposal.removed()),
                        AbiValue.words(proposal.jobs()),
                        AbiValue.word(proposal.workersHash()),
                        AbiValue.word(proposal.capacitiesHash())));
    }

    // Rewards.

    /** What was distributed under {@code id}; empty when nothing was, or it was too long ago. */
    public Optional<DistributionRecord> distribution(BigInteger id)
            throws LedgerException, InterruptedException {
        return asking(() -> {
            // The profiles differ behind these words.
            var in = read(token, AbiValue.call("s_distributions(uint256)", AbiValue.number(id)));
            var distribution =
                    new DistributionRecord(
                            in.bytes32("merkleRoot"),
                            in.integer("sno", 128),
                            in.integer("eth", 128),
                            in.integer("totalCapacity", WORD_BITS));
            return distribution.root().equals(Bytes32.ZERO)
                    ? Optional.empty()
                    : Optional.of(distribution);
        });
    }

    public boolean isClaimed(BigInteger distribution, Account worker)
            throws LedgerException, InterruptedException {
        return asking(() ->
                read(
                                token,
                                AbiValue.call(
                                        "s_claimed(uint256,address)",
                                        AbiValue.number(distribution),
                                        AbiValue.account(worker)))
                        .bool("claimed"));
    }

    /** Claims what this account has earned in a distribution. */
    public SmartnodesOutcome claim(Distribution distribution)
            throws LedgerException, InterruptedException {
        var claim = distribution.claim(account());
        if (claim.isEmpty()) {
            return nothingFor(distribution);
        }
        var wrong = wrong(claim.get());
        if (wrong.isPresent()) {
            return wrong.get();
        }
        return send(
                token,
                AbiValue.call(
                        "claimMerkleRewards(uint256,uint256,bytes32[])",
                        AbiValue.number(distribution.id()),
                        AbiValue.number(claim.get().share().capacity()),
                        AbiValue.words(claim.get().proof())));
    }

    /**
     * Claims what this account has earned in several distributions, each at most once: HEAD's
     * contract would pay one again for each time that it is named.
     */
    public SmartnodesOutcome claimAll(List<Distribution> distributions)
            throws LedgerException, InterruptedException {
        if (distributions.isEmpty() || distributions.size() > CLAIMS_MAX) {
            return new Withheld(distributions.size() + " distributions, not 1 to " + CLAIMS_MAX);
        }
        var ids = new ArrayList<BigInteger>();
        var capacities = new ArrayList<BigInteger>();
        var proofs = new ArrayList<List<Bytes32>>();
        for (var distribution : distributions) {
            var claim = distribution.claim(account());
            if (claim.isEmpty()) {
                return nothingFor(distribution);
            }
            var wrong = wrong(claim.get());
            if (wrong.isPresent()) {
                return wrong.get();
            }
            ids.add(distribution.id());
            capacities.add(claim.get().share().capacity());
            proofs.add(claim.get().proof());
        }
        if (new HashSet<>(ids).size() < ids.size()) {
            return new Withheld("a distribution is named twice: " + ids);
        }
        return send(
                token,
                AbiValue.call(
                        "batchClaimMerkleRewards(uint256[],uint256[],bytes32[][])",
                        AbiValue.numbers(ids),
                        AbiValue.numbers(capacities),
                        AbiValue.wordLists(proofs)));
    }

    private SmartnodesOutcome nothingFor(Distribution distribution) {
        return new Withheld(account() + " has no share of distribution " + distribution.id());
    }

    /** Why a claim would only cost gas. */
    private Optional<SmartnodesOutcome> wrong(Distribution.Claim claim)
            throws LedgerException, InterruptedException {
        var id = claim.distribution();
        var record = distribution(id);
        if (record.isEmpty()) {
            return Optional.of(new Withheld("the token has no distribution " + id));
        }
        if (!claim.leadsTo(record.get().root())) {
            return Optional.of(
                    new Withheld(
                            "distribution "
                                    + id
                                    + " has root "
                                    + record.get().root()
                                    + ", ours not"));
        }
        return Optional.empty();
    }

    // Events.

    /**
     * Tells {@code sink} what has happened on the three contracts in final blocks at or after
     * {@code from}, in order, each event once, and returns where to go on.
     *
     * @throws IllegalArgumentException when {@code from} is beyond the end
     */
    public Cursor events(Cursor from, Consumer<SmartnodesEvent> sink)
            throws LedgerException, InterruptedException {
        return asking(() -> {
            long last = client.finalBlock();
            var end = new Cursor(last + 1, 0);
            if (from.compareTo(end) > 0) {
                throw new IllegalArgumentException(from + " is beyond the end, " + end);
            }
            var events = new ArrayList<SmartnodesEvent>();
            for (var contract : config.contracts()) {
                long first = Math.max(from.position(), contract.block());
                var topics = SmartnodesEvents.TOPICS;
                for (var event : client.events(contract.address(), topics, first, last)) {
                    SmartnodesEvents.read(event).ifPresent(events::add);
                }
            }
            events.sort(Comparator.comparing(SmartnodesEvent::at));
            for (var event : events) {
                if (event.at().compareTo(from) >= 0) {
                    sink.accept(event);
                }
            }
            return end;
        });
    }

    /** Tells when to look at {@link #events} again. */
    public NewHeads newHeads() throws InterruptedException {
        return client.newHeads();
    }

    // Below the requests.

    private SmartnodesOutcome send(Account contract, ByteString call)
            throws LedgerException, InterruptedException {
        return asking(() ->
                switch (client.send(contract, call)) {
                    case Sent.Reverted(var error) -> new Refused(SmartnodesErrors.name(error));
                    case Sent.Done(var transaction, _, long gasUsed, var events) ->
                            new Done(transaction, gasUsed, ours(events));
                });
    }

    private List<SmartnodesEvent> ours(List<EvmClient.Event> events) throws IOException {
        var ours = new ArrayList<SmartnodesEvent>();
        for (var event : events) {
            var contract = event.contract();
            if (contract.equals(core) || contract.equals(coordinator) || contract.equals(token)) {
                SmartnodesEvents.read(event).ifPresent(ours::add);
            }
        }
        return ours;
    }

    private AbiReader read(Account contract, ByteString call)
            throws IOException, InterruptedException {
        return returned(client.ask(contract, call));
    }

    private static AbiReader returned(Answer answer) throws LedgerException {
        return switch (answer) {
            case Answer.Returned(var values) -> values;
            case Answer.Reverted(var error) ->
                    throw new LedgerException(
                            "the contract does not answer: " + SmartnodesErrors.name(error));
        };
    }

    @Override
    public void close() throws LedgerException {
        try {
            client.close();
        } catch (IOException e) {
            throw new LedgerException("closing the journal failed: " + e.getMessage(), e);
        }
    }
}
