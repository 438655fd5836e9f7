package tensorlink.node.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tensorlink.node.Home;
import tensorlink.node.Network;
import tensorlink.node.UserNode;
import tools.jackson.databind.JsonNode;

class NetworkCommandTest {
    private static final String CONTRACT =
            """
            {"chainId": 8453, "contract": "0x1111111111111111111111111111111111111111",
             "codeHash": "0x2222222222222222222222222222222222222222222222222222222222222222",
             "block": 7, "endpoints": ["https://rpc.example.org"]}
            """;
    private static final String ENTRY = "/ip4/127.0.0.1/tcp/1/p2p/";

    @TempDir private Path folder;

    @Test
    void a_network_is_founded_shown_joined_and_left() {
        var created = done("network", "create", "team", "--home", home("first"));
        var shown = done("network", "show", "--home", home("first"));
        var invited = invite("first");

        var text = invited.path("invitation").asString();
        var joined = done("network", "join", text, "--home", home("second"));
        var left = done("network", "leave", "--home", home("second"));

        assertThat(created.path("name").asString()).isEqualTo("team");
        assertThat(created.path("private").asBoolean()).isTrue();
        assertThat(created.path("prefix").asString())
                .isEqualTo("/tensorlink/team-" + id(created).substring(0, 8));
        assertThat(id(shown)).isEqualTo(id(created));
        assertThat(id(joined)).isEqualTo(id(created));
        assertThat(joined.path("key")).isEqualTo(created.path("key"));
        assertThat(joined.path("entries").get(0).asString()).startsWith(ENTRY);
        assertThat(joined.path("inviter")).isEqualTo(created.path("founder"));
        assertThat(id(left)).isEqualTo(id(created));
        assertThat(folder.resolve("second").resolve("network")).isEmptyDirectory();
        assertThat(folder.resolve("second").resolve("identity")).isNotEmptyDirectory();
    }

    @Test
    void a_public_network_on_a_contract_is_joined_by_its_description() throws Exception {
        var contract = Files.writeString(folder.resolve("chain.json"), CONTRACT).toString();
        var description = folder.resolve("public.network").toString();

        var created =
                done("network", "create", "open", "--contract", contract, "--home", home("first"));
        done("network", "show", "--save", description, "--home", home("first"));
        var joined = done("network", "join", description, "--home", home("second"));

        assertThat(created.path("private").asBoolean()).isFalse();
        assertThat(created.path("ledger").asString())
                .isEqualTo("contract 0x" + "11".repeat(20) + " on chain 8453");
        assertThat(id(joined)).isEqualTo(id(created));
        assertThat(joined.path("ledger")).isEqualTo(created.path("ledger"));
        assertThat(joined.path("bootstrap")).isEmpty();
    }

    @Test
    void the_description_of_a_private_network_lets_nobody_in() {
        var description = folder.resolve("team.network").toString();
        done("network", "create", "team", "--home", home("first"));
        done("network", "show", "--save", description, "--home", home("first"));

        var refused =
                Ran.of("network", "join", description, "--home", home("second"), "-o", "json");

        assertThat(refused.status()).isNotZero();
        assertThat(refused.toString()).contains("its description alone lets nobody in");
    }

    @Test
    void a_member_who_was_invited_invites_too() {
        done("network", "create", "team", "--home", home("first"));
        done("network", "join", text(invite("first")), "--home", home("second"));

        var third = done("network", "join", text(invite("second")), "--home", home("third"));

        assertThat(third.path("inviter").asString())
                .isEqualTo(done("id", "--home", home("second")).path("peer").asString());
        assertThat(third.path("inviter")).isNotEqualTo(third.path("founder"));
    }

    @Test
    void a_member_that_does_not_run_passes_on_where_it_was_let_in_itself() {
        done("network", "create", "team", "--home", home("first"));
        done("network", "join", text(invite("first")), "--home", home("second"));

        var invited = done("network", "invite", "--home", home("second"));

        assertThat(invited.path("entries").get(0).asString())
                .isEqualTo(ENTRY + done("id", "--home", home("first")).path("peer").asString());
    }

    @Test
    void a_public_network_has_no_key_and_its_bootstrap_addresses_do_for_an_invitation() {
        done(
                "network",
                "create",
                "lab",
                "--public",
                "--bootstrap",
                "/dnsaddr/lab.example.org",
                "--home",
                home("first"));

        var invited = done("network", "invite", "--home", home("first"));
        var joined = done("network", "join", text(invited), "--home", home("second"));

        assertThat(joined.path("private").asBoolean()).isFalse();
        assertThat(joined.path("key").isMissingNode()).isTrue();
        assertThat(joined.path("bootstrap").get(0).asString())
                .isEqualTo("/dnsaddr/lab.example.org");
        assertThat(folder.resolve("second").resolve("network").resolve("swarm.key")).doesNotExist();
    }

    @Test
    void a_home_is_part_of_one_network_only() {
        done("network", "create", "team", "--home", home("first"));
        done("network", "create", "other", "--home", home("second"));

        refused(
                ExitCode.DATA,
                "is part of network \"team\" already",
                "network",
                "create",
                "again",
                "--home",
                home("first"));
        refused(
                ExitCode.DATA,
                "is part of network \"other\" already",
                "network",
                "join",
                text(invite("first")),
                "--home",
                home("second"));
        refused(
                ExitCode.USAGE,
                "is for network team-",
                "up",
                "--role",
                "user",
                "--network",
                "local",
                "--home",
                home("first"));
    }

    @Test
    void joining_again_takes_the_newer_addresses() {
        done("network", "create", "team", "--home", home("first"));
        done("network", "join", text(invite("first")), "--home", home("second"));
        var peer = done("id", "--home", home("first")).path("peer").asString();
        var moved =
                done(
                        "network",
                        "invite",
                        "--address",
                        "/ip4/192.0.2.8/tcp/1/p2p/" + peer,
                        "--home",
                        home("first"));

        var joined = done("network", "join", text(moved), "--home", home("second"));

        assertThat(joined.path("entries")).hasSize(1);
        assertThat(joined.path("entries").get(0).asString()).contains("192.0.2.8");
    }

    @Test
    void what_makes_no_sense_is_refused_in_words() {
        refused(ExitCode.DATA, "is part of no network", "network", "show", "--home", home("none"));
        refused(ExitCode.DATA, "is part of no network", "network", "leave", "--home", home("none"));
        refused(
                ExitCode.USAGE,
                "network name \"Team\": 1 to 40",
                "network",
                "create",
                "Team",
                "--home",
                home("none"));
        refused(
                ExitCode.DATA,
                "an invitation begins with tl1",
                "network",
                "join",
                "hello",
                "--home",
                home("none"));
        refused(
                ExitCode.DATA,
                "damaged in copying",
                "up",
                "--join",
                "tl1aaaaaaaaaaaaaaaa",
                "--home",
                home("none"));
        done("network", "create", "team", "--home", home("first"));
        refused(
                ExitCode.NOT_RUNNING,
                "or: name where the invited ask first",
                "network",
                "invite",
                "--home",
                home("first"));
        refused(
                ExitCode.USAGE,
                "--expires 0: must be 60 to",
                "network",
                "invite",
                "--expires",
                "0d",
                "--home",
                home("first"));
        assertThat(folder.resolve("none")).doesNotExist();
    }

    @Test
    void a_private_network_whose_key_is_gone_is_not_entered() throws Exception {
        done("network", "create", "team", "--home", home("first"));
        Files.delete(folder.resolve("first").resolve("network").resolve("swarm.key"));

        refused(
                ExitCode.DATA,
                "network \"team\" is private, and its key is missing",
                "up",
                "--role",
                "user",
                "--home",
                home("first"));
    }

    @Test
    void quic_is_refused_in_a_private_network() {
        refused(
                ExitCode.DATA,
                "QUIC has no place in a private network",
                "up",
                "--role",
                "validator",
                "--private",
                "team",
                "--listen",
                "/ip4/127.0.0.1/udp/0/quic-v1",
                "--home",
                home("first"));
    }

    @Test
    void the_home_of_a_running_node_is_left_alone() throws Exception {
        done("network", "create", "team", "--home", home("first"));
        var invitation = text(invite("first"));
        try (var _ =
                UserNode.join(Network.invited(invitation), Home.at(folder.resolve("second")))) {

            refused(
                    ExitCode.IN_USE,
                    "is in use",
                    "network",
                    "join",
                    invitation,
                    "--home",
                    home("second"));
        }
    }

    private static String id(JsonNode result) {
        return result.path("id").asString();
    }

    private static String text(JsonNode invited) {
        return invited.path("invitation").asString();
    }

    /** Invites to an address of the home's own peer. */
    private JsonNode invite(String name) {
        var peer = done("id", "--home", home(name)).path("peer").asString();
        return done("network", "invite", "--address", ENTRY + peer, "--home", home(name));
    }

    private String home(String name) {
        return folder.resolve(name).toString();
    }

    private static JsonNode done(String... arguments) {
        var ran = run(arguments);
        assertThat(ran.status()).as(ran.out() + ran.err()).isZero();
        return ran.result();
    }

    private static void refused(ExitCode exit, String why, String... arguments) {
        var ran = run(arguments);
        assertThat(ran.result().path("error").path("message").asString()).contains(why);
        assertThat(ran.status()).isEqualTo(exit.status());
    }

    private static Ran run(String... arguments) {
        var all = new ArrayList<>(List.of(arguments));
        all.addAll(List.of("-o", "json", "--no-progress"));
        return Ran.of(all.toArray(new String[0]));
    }
}
