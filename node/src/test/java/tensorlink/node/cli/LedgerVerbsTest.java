package tensorlink.node.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tensorlink.ledger.AccountKey;
import tensorlink.ledger.Amount;
import tensorlink.ledger.Bytes32;
import tensorlink.ledger.Deposit;
import tensorlink.ledger.FullLedger;
import tensorlink.ledger.JobOpening;
import tensorlink.ledger.Voucher;
import tensorlink.node.Home;
import tensorlink.node.Network;
import tensorlink.node.Node;
import tensorlink.node.UserNode;
import tensorlink.node.ValidatorNode;
import tensorlink.node.http.ApiServer;

/** The verbs about money, asked of a validator of this process that keeps a ledger. */
class LedgerVerbsTest {
    private static final AccountKey USER = AccountKey.of(Bytes32.keccak("user"));

    @TempDir private Path folder;

    private Node validator;
    private ApiServer server;
    private FullLedger ledger;

    @BeforeEach
    void start() throws Exception {
        validator =
                ValidatorNode.start(
                                Network.named("lab"),
                                Home.at(folder.resolve("validator")),
                                ValidatorNode.Options.free().ledger(Amount.of(100)))
                        .node();
        server = serve(validator);
        ledger = validator.ledger().orElseThrow();
    }

    private static ApiServer serve(Node node) throws Exception {
        var routes = new ArrayList<>(new JobRoutes(node).all());
        routes.addAll(new LedgerRoutes(node).all());
        return ApiServer.start("127.0.0.1", 0, node.home().apiFile(), routes);
    }

    @AfterEach
    void stop() {
        server.close();
        validator.close();
    }

    @Test
    void a_wallet_shows_what_its_account_has() {
        var shown = done("wallet", "show").result();

        assertThat(shown.path("account").asString()).isEqualTo(validator.account().toString());
        assertThat(shown.path("credits").asString()).isEqualTo("0");
        assertThat(shown.path("deposited").asString()).isEqualTo("0");
    }

    @Test
    void the_issuer_grants_itself_credits_and_puts_them_up_as_collateral() throws Exception {
        var least = ledger.info().seats().stakeMin().toString();
        var account = validator.account().toString();

        var granted = done("validator", "issue", account, least).result();
        var staked = done("validator", "stake", least).result();
        var again = done("validator", "stake", least).result();

        assertThat(granted.path("outcome").asString()).isEqualTo("recorded");
        assertThat(staked.path("outcome").asString()).isEqualTo("recorded");
        assertThat(again.path("outcome").asString()).isEqualTo("unchanged");
        assertThat(done("validator", "status").result().path("validates").asBoolean()).isTrue();
    }

    @Test
    void jobs_are_listed_shown_and_cancelled_by_their_notary() throws Exception {
        var opening =
                new JobOpening(
                        Bytes32.keccak("spec"),
                        USER.account(),
                        Bytes32.keccak("salt"),
                        validator.account());
        ledger.openJob(USER.sign(ledger.info().domain(), opening));
        var id = opening.jobId().toString();

        var listed = done("jobs", "list").result().path("jobs");
        var cancelled = done("jobs", "cancel", id).result();
        var again = done("jobs", "cancel", id).result();
        var shown = done("jobs", "show", id).result();
        var events = done("jobs", "events", id).result().path("events");

        assertThat(listed.size()).isEqualTo(1);
        assertThat(listed.get(0).path("job").asString()).isEqualTo(id);
        assertThat(listed.get(0).path("state").asString()).isEqualTo("open");
        assertThat(cancelled.path("outcome").asString()).isEqualTo("recorded");
        assertThat(again.path("outcome").asString()).isEqualTo("unchanged");
        assertThat(shown.path("state").asString()).isEqualTo("cancelled");
        assertThat(events.size()).isEqualTo(2);
        assertThat(events.get(0).path("event").asString()).isEqualTo("opened by " + USER.account());
    }

    @Test
    void a_job_of_others_is_not_cancelled_and_an_unknown_or_senseless_one_told_so()
            throws Exception {
        var opening =
                new JobOpening(
                        Bytes32.keccak("spec"), USER.account(), Bytes32.ZERO, USER.account());
        ledger.openJob(USER.sign(ledger.info().domain(), opening));

        var notOurs = run("jobs", "cancel", opening.jobId().toString());
        var unknown = run("jobs", "show", Bytes32.ZERO.toString());
        var senseless = run("jobs", "show", "7");

        assertThat(notOurs.status()).isNotZero();
        assertThat(message(notOurs)).startsWith("NotJobParty: ");
        assertThat(unknown.status()).isEqualTo(ExitCode.USAGE.status());
        assertThat(message(unknown)).contains("is on the ledger");
        assertThat(senseless.status()).isEqualTo(ExitCode.USAGE.status());
        assertThat(message(senseless)).contains("64 hexadecimal digits");
    }

    @Test
    void what_was_paid_is_in_the_history() throws Exception {
        var domain = ledger.info().domain();
        var desk = validator.desk().orElseThrow();
        desk.issue(USER.account(), Amount.of(50));
        ledger.deposit(USER.sign(domain, new Deposit(USER.account(), Amount.of(50))));
        var voucher =
                new Voucher(
                        USER.account(),
                        validator.account(),
                        Amount.of(30),
                        Instant.parse("9999-01-01T00:00:00Z"),
                        Bytes32.ZERO);
        ledger.redeem(List.of(USER.sign(domain, voucher)));

        var payments = done("rewards", "history").result().path("payments");

        assertThat(payments.size()).isEqualTo(1);
        assertThat(payments.get(0).path("kind").asString()).isEqualTo("voucher");
        assertThat(payments.get(0).path("amount").asString()).isEqualTo("30");
        assertThat(payments.get(0).path("payer").asString()).isEqualTo(USER.account().toString());
    }

    @Test
    void a_validator_votes_for_one_root_in_an_epoch_only() throws Exception {
        var desk = validator.desk().orElseThrow();
        desk.issue(validator.account(), Amount.of(1_000_100));
        desk.stake(Amount.of(1_000_000));
        desk.fund(Amount.of(100));
        var earned = list("earned", 40);
        var other = list("other", 41);

        var status = done("validator", "status").result();
        var vote = done("validator", "vote", earned, "--epoch", "1").result();
        var again = done("validator", "vote", earned, "--epoch", "1").result();
        var lie = run("validator", "vote", other, "--epoch", "1");
        var rounds = done("validator", "rounds").result().path("rounds");
        var rewards = done("rewards", "show").result();
        var early = run("rewards", "claim", earned);

        assertThat(status.path("validates").asBoolean()).isTrue();
        assertThat(status.path("quorum").asInt()).isEqualTo(1);
        assertThat(vote.path("outcome").asString()).isEqualTo("recorded");
        assertThat(again.path("outcome").asString()).isEqualTo("unchanged");
        assertThat(lie.status()).isNotZero();
        assertThat(message(lie)).contains("another root was signed for epoch 1");
        assertThat(rounds.size()).isEqualTo(1);
        assertThat(rounds.get(0).path("total").asString()).isEqualTo("40");
        assertThat(rewards.path("pool").asString()).isEqualTo("100");
        assertThat(rewards.path("pending").path("epoch").asInt()).isEqualTo(1);
        assertThat(message(early)).startsWith("InvalidProof: ");
    }

    @Test
    void lists_that_make_no_sense_are_refused() throws Exception {
        var array = Files.writeString(folder.resolve("array"), "[1]").toString();
        var nothing = Files.writeString(folder.resolve("nothing"), "no json").toString();
        var amount =
                Files.writeString(folder.resolve("amount"), "{\"" + USER.account() + "\": \"-1\"}")
                        .toString();

        assertThat(message(run("rewards", "claim", array))).contains("object of accounts");
        assertThat(message(run("rewards", "claim", nothing))).contains("is not JSON");
        assertThat(message(run("rewards", "claim", amount))).contains("decimal digits");
        assertThat(message(run("validator", "vote", amount, "--epoch", "0")))
                .contains("epoch is 0, below 1");
    }

    @Test
    void a_node_without_a_ledger_says_so_and_what_to_do() throws Exception {
        var home = Home.at(folder.resolve("user"));
        try (var user = UserNode.join(Network.named("lab"), home);
                var ofUser = serve(user.node())) {
            assertThat(ofUser.port()).isPositive();
            for (var verb : List.of(List.of("rewards", "show"), List.of("validator", "status"))) {
                var arguments = new ArrayList<>(verb);
                arguments.addAll(List.of("--home", home.folder().toString(), "-o", "json"));
                var refused = Ran.of(arguments.toArray(new String[0]));

                assertThat(refused.status()).as("%s", verb).isNotZero();
                assertThat(message(refused)).contains("keeps no ledger").contains("try: ");
            }
        }
    }

    @Test
    void no_running_node_is_told() {
        var home = folder.resolve("nobody").toString();

        assertThat(Ran.of("jobs", "list", "--home", home, "-o", "json").status())
                .isEqualTo(ExitCode.NOT_RUNNING.status());
    }

    private String list(String name, int earned) throws Exception {
        return Files.writeString(
                        folder.resolve(name),
                        "{\"" + validator.account() + "\": \"" + earned + "\"}")
                .toString();
    }

    private static String message(Ran ran) {
        return ran.result().path("error").path("message").asString();
    }

    private Ran done(String... arguments) {
        var ran = run(arguments);
        assertThat(ran.status()).as("%s", ran).isZero();
        return ran;
    }

    private Ran run(String... arguments) {
        var all = new ArrayList<>(List.of(arguments));
        all.addAll(List.of("--home", folder.resolve("validator").toString(), "-o", "json"));
        return Ran.of(all.toArray(new String[0]));
    }
}
