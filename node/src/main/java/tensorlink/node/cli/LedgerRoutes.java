package tensorlink.node.cli;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tensorlink.jobs.message.LedgerAnswer;
import tensorlink.ledger.Account;
import tensorlink.ledger.Amount;
import tensorlink.ledger.Bytes32;
import tensorlink.ledger.Endorsement;
import tensorlink.ledger.LedgerEvent;
import tensorlink.ledger.LedgerEvent.Change;
import tensorlink.ledger.LedgerTerms.Seats;
import tensorlink.ledger.Outcome;
import tensorlink.ledger.RewardStatus.Posted;
import tensorlink.ledger.Signature65;
import tensorlink.node.LedgerDesk;
import tensorlink.node.Node;
import tensorlink.node.http.Route;
import tools.jackson.databind.JsonNode;

/**
 * What the verbs about money ask a running node. Amounts are text: JSON's numbers are too small.
 */
record LedgerRoutes(Node node) {
    static final String ACCOUNT = "/api/v1/account";
    static final String REWARDS = "/api/v1/rewards";
    static final String HISTORY = "/api/v1/rewards/history";
    static final String CLAIM = "/api/v1/rewards/claim";
    static final String VALIDATOR = "/api/v1/validator";
    static final String ROUNDS = "/api/v1/validator/rounds";
    static final String VOTE = "/api/v1/validator/vote";
    static final String DISPUTES = "/api/v1/validator/disputes";
    static final String ISSUE = "/api/v1/validator/issue";
    static final String STAKE = "/api/v1/validator/stake";

    List<Route> all() {
        return List.of(
                get(ACCOUNT, this::account),
                get(REWARDS, this::rewards),
                get(HISTORY, this::history),
                Route.post(CLAIM, this::claim),
                get(VALIDATOR, this::validator),
                get(ROUNDS, this::rounds),
                get(DISPUTES, this::disputes),
                Route.post(VOTE, this::vote),
                Route.post(ISSUE, this::issue),
                Route.post(STAKE, this::stake));
    }

    private interface Told {
        Map<String, ?> tell() throws IOException, InterruptedException;
    }

    private static Route get(String path, Told told) {
        return new Route(Route.Method.GET, path, _ -> told.tell());
    }

    private LedgerDesk desk() throws IOException {
        return node.desk()
                .orElseThrow(() ->
                        new IOException(
                                "this node keeps no ledger\n"
                                        + "  try: the same on a validator that was started with"
                                        + " --ledger"));
    }

    private Map<String, ?> account() throws InterruptedException {
        var facts = new LinkedHashMap<String, Object>();
        facts.put("account", node.account().toString());
        try {
            LedgerAnswer.Statement statement = node.statement();
            facts.put("credits", statement.credits().toString());
            facts.put("balance", statement.balance().toString());
            facts.put("cover", statement.cover().toString());
            facts.put("issued", statement.issued().toString());
            facts.put("deposited", statement.deposited().toString());
        } catch (IOException nobody) {
            facts.put("ledger", String.valueOf(nobody.getMessage()));
        }
        return facts;
    }

    private Map<String, ?> rewards() throws IOException, InterruptedException {
        var ledger = desk().ledger();
        var status = ledger.rewards();
        var facts = new LinkedHashMap<String, Object>();
        facts.put("account", node.account().toString());
        facts.put("claimed", ledger.claimed(node.account()).toString());
        facts.put("pool", status.pool().toString());
        facts.put("claimedByAll", status.claimed().toString());
        facts.put("lastEpoch", status.lastEpoch());
        status.active().ifPresent(root -> facts.put("active", root(root)));
        status.pending().ifPresent(root -> facts.put("pending", root(root)));
        return facts;
    }

    private static Map<String, ?> root(Posted posted) {
        var facts = new LinkedHashMap<String, Object>();
        facts.put("epoch", posted.root().epoch());
        facts.put("root", posted.root().root().toString());
        facts.put("total", posted.root().total().toString());
        facts.put("leavesHash", posted.root().leavesHash().toString());
        facts.put("activeFrom", posted.activeFrom().toString());
        return facts;
    }

    /** What this node's account was paid: by rewards, by vouchers and by verdicts. */
    private Map<String, ?> history() throws IOException, InterruptedException {
        var me = node.account();
        var payments = new ArrayList<Map<String, ?>>();
        for (var event : desk().events()) {
            var paid =
                    switch (event.change()) {
                        case Change.Claimed(var account, var amount, var _)
                                when account.equals(me) ->
                                payment(event, "reward", Optional.empty(), amount);
                        case Change.Redeemed(var payer, var payee, var amount, var _)
                                when payee.equals(me) ->
                                payment(event, "voucher", Optional.of(payer), amount);
                        case Change.Judged(var _, var payer, var payee, var amount, var _)
                                when payee.equals(me) ->
                                payment(event, "verdict", Optional.of(payer), amount);
                        case Change _ -> Map.<String, Object>of();
                    };
            if (!paid.isEmpty()) {
                payments.add(paid);
            }
        }
        return Map.of("account", me.toString(), "payments", payments);
    }

    private static Map<String, Object> payment(
            LedgerEvent event, String kind, Optional<Account> payer, Amount amount) {
        var facts = new LinkedHashMap<String, Object>();
        facts.put("time", event.time().toString());
        facts.put("kind", kind);
        payer.ifPresent(from -> facts.put("payer", from.toString()));
        facts.put("amount", amount.toString());
        return facts;
    }

    private Map<String, ?> claim(JsonNode question) throws IOException, InterruptedException {
        return outcome(desk().claim(earned(question.path("earned"))));
    }

    private Map<String, ?> validator() throws IOException, InterruptedException {
        var desk = desk();
        var ledger = desk.ledger();
        var registration = ledger.registration(node.account());
        var validators = ledger.validators();
        var facts = new LinkedHashMap<String, Object>();
        facts.put("account", node.account().toString());
        facts.put("validates", registration.validates());
        facts.put("collateral", registration.collateral().toString());
        facts.put("needed", ledger.info().seats().stakeMin().toString());
        facts.put("leaving", registration.notice().leaving().toString());
        facts.put("slashed", registration.slashed());
        facts.put("validators", validators.stream().map(Account::toString).toList());
        facts.put("quorum", Seats.quorum(validators.size()));
        var heads = new ArrayList<Map<String, ?>>();
        for (var head : node.ledgerHeads().entrySet()) {
            heads.add(
                    Map.of(
                            "validator", head.getKey().toString(),
                            "records", head.getValue().index() + 1,
                            "hash", head.getValue().hash().toString(),
                            "time", head.getValue().time().toString(),
                            "lies", node.isProvenLiar(head.getKey())));
        }
        facts.put("heads", heads);
        return facts;
    }

    private Map<String, ?> rounds() throws IOException, InterruptedException {
        var rounds = new ArrayList<Map<String, ?>>();
        for (var event : desk().events()) {
            switch (event.change()) {
                case Change.RootPosted(var root, var activeFrom) -> {
                    var facts =
                            new LinkedHashMap<String, Object>(root(new Posted(root, activeFrom)));
                    facts.put("event", "posted");
                    facts.put("time", event.time().toString());
                    rounds.add(facts);
                }
                case Change.RootCancelled(var epoch) ->
                        rounds.add(
                                Map.of(
                                        "epoch",
                                        epoch,
                                        "event",
                                        "cancelled",
                                        "time",
                                        event.time().toString()));
                case Change _ -> {}
            }
        }
        return Map.of("rounds", rounds);
    }

    /** What was disputed, and how it was judged. */
    private Map<String, ?> disputes() throws IOException, InterruptedException {
        var disputes = new LinkedHashMap<Bytes32, Map<String, Object>>();
        for (var event : desk().events()) {
            switch (event.change()) {
                case Change.Disputed(var agreement, var plaintiff, _, var ends, _) -> {
                    var facts = new LinkedHashMap<String, Object>();
                    facts.put("agreement", agreement.toString());
                    facts.put("plaintiff", plaintiff.toString());
                    facts.put("time", event.time().toString());
                    facts.put("ends", ends.toString());
                    disputes.put(agreement, facts);
                }
                case Change.Judged(var agreement, var payer, var payee, var amount, _) -> {
                    var facts = disputes.computeIfAbsent(agreement, _ -> new LinkedHashMap<>());
                    facts.put("payer", payer.toString());
                    facts.put("payee", payee.toString());
                    facts.put("awarded", amount.toString());
                    facts.put("judged", event.time().toString());
                }
                case Change _ -> {}
            }
        }
        return Map.of("disputes", List.copyOf(disputes.values()));
    }

    private Map<String, ?> vote(JsonNode question) throws IOException, InterruptedException {
        var epoch = question.path("epoch").asLong(0);
        if (epoch < 1) {
            throw new IllegalArgumentException("epoch is " + epoch + ", below 1");
        }
        var others = new ArrayList<Endorsement>();
        for (var vote : question.path("votes")) {
            others.add(
                    new Endorsement(
                            Account.parse(vote.path("validator").asString("")),
                            Signature65.parse(vote.path("signature").asString(""))));
        }
        var vote = desk().vote(epoch, earned(question.path("earned")), others);
        var root = vote.tree().root(epoch);
        var facts = new LinkedHashMap<String, Object>();
        facts.put("epoch", epoch);
        facts.put("root", root.root().toString());
        facts.put("total", root.total().toString());
        facts.put("validator", vote.own().validator().toString());
        facts.put("signature", vote.own().signature().toString());
        facts.put("needed", vote.needed());
        facts.putAll(outcome(vote.outcome()));
        return facts;
    }

    private Map<String, ?> issue(JsonNode question) throws IOException, InterruptedException {
        var to = Account.parse(question.path("account").asString(""));
        return outcome(desk().issue(to, amount(question)));
    }

    private Map<String, ?> stake(JsonNode question) throws IOException, InterruptedException {
        return outcome(desk().stake(amount(question)));
    }

    private static Amount amount(JsonNode question) {
        return Amount.parse(question.path("amount").asString(""));
    }

    private static Map<Account, Amount> earned(JsonNode list) {
        if (!list.isObject()) {
            throw new IllegalArgumentException(
                    "what was earned is an object of accounts and amounts, such as"
                            + " {\"0x...\": \"120\"}");
        }
        var earned = new LinkedHashMap<Account, Amount>();
        for (var entry : list.properties()) {
            var account = Account.parse(entry.getKey());
            if (earned.put(account, Amount.parse(entry.getValue().asString(""))) != null) {
                throw new IllegalArgumentException(account + " is there twice");
            }
        }
        return earned;
    }

    static Map<String, Object> outcome(Outcome outcome) throws IOException {
        return switch (outcome) {
            case Outcome.Paid(var amount) -> Map.of("outcome", "paid", "amount", amount.toString());
            case Outcome.Recorded() -> Map.of("outcome", "recorded");
            case Outcome.NoChange() -> Map.of("outcome", "unchanged");
            case Outcome.Rejected(var code, var message) ->
                    throw new IOException(code.errorName() + ": " + message);
        };
    }
}
