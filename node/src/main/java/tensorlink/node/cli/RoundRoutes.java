package tensorlink.node.cli;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tensorlink.ledger.Account;
import tensorlink.ledger.smartnodes.SmartnodesOutcome;
import tensorlink.node.Node;
import tensorlink.node.Rounds;
import tensorlink.node.http.Route;

/** What the verbs about rounds on the Smartnodes contracts ask a running node. */
record RoundRoutes(Node node) {
    static final String ROUND = "/api/v1/validator/round";
    static final String JOIN = "/api/v1/validator/round/join";
    static final String RUN = "/api/v1/validator/round/run";
    static final String CLAIM = "/api/v1/validator/round/claim";

    List<Route> all() {
        return List.of(
                new Route(Route.Method.GET, ROUND, _ -> round()),
                Route.post(JOIN, _ -> join()),
                Route.post(RUN, _ -> steps(rounds().run())),
                Route.post(CLAIM, _ -> claim()));
    }

    private Rounds rounds() throws IOException {
        return node.rounds()
                .orElseThrow(() ->
                        new IOException(
                                "network "
                                        + node.network()
                                        + " is not on the Smartnodes contracts\n"
                                        + "  try: validator rounds, for the reward roots of a"
                                        + " ledger of our own"));
    }

    private Map<String, ?> round() throws IOException, InterruptedException {
        var rounds = rounds();
        var round = rounds.round();
        var facts = new LinkedHashMap<String, Object>();
        facts.put("number", round.number().toString());
        facts.put("lastExecution", round.lastExecution().toString());
        facts.put("next", round.lastExecution().plus(round.updateTime()).toString());
        facts.put("selected", round.selected().stream().map(Account::toString).toList());
        facts.put("votesNeeded", round.votesNeeded());
        facts.put("expired", round.expired());
        facts.put("unpaidJobs", rounds.unpaid());
        facts.put(
                "proposals",
                rounds.standing().stream()
                        .map(it ->
                                Map.of(
                                        "number", it.number(),
                                        "creator", it.creator().toString(),
                                        "votes", it.votes(),
                                        "hash", it.hash().toString()))
                        .toList());
        return facts;
    }

    private Map<String, ?> join() throws IOException, InterruptedException {
        rounds();
        return switch (node.smartnodes().orElseThrow().registerValidator()) {
            case SmartnodesOutcome.Done(var transaction, _, _) ->
                    Map.of("transaction", transaction.toString());
            case SmartnodesOutcome.Refused(var error) -> throw new IOException(error);
            case SmartnodesOutcome.Withheld(var why) -> throw new IOException(why);
            case SmartnodesOutcome.VotedAgainst(var ballot) -> throw new IOException(ballot.why());
        };
    }

    private Map<String, ?> claim() throws IOException, InterruptedException {
        rounds().exchange();
        return steps(rounds().claim());
    }

    private static Map<String, ?> steps(List<Rounds.Step> steps) {
        return Map.of(
                "steps",
                steps.stream()
                        .map(it -> Map.of("what", it.what(), "detail", it.detail()))
                        .toList());
    }
}
