package tensorlink.node.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tensorlink.p2p.peer.KeyFile;
import tools.jackson.databind.JsonNode;

class IdentityCommandTest {
    @TempDir private Path folder;

    private Path passphrase;
    private Path copy;

    @BeforeEach
    void choose() throws Exception {
        passphrase = Files.writeString(folder.resolve("passphrase"), "a long one\n");
        copy = folder.resolve("safe").resolve("node.key");
    }

    @Test
    void a_copy_brings_both_keys_back_in_another_home() throws Exception {
        var names = done("id", "--home", home("first"));

        var copied = done("identity", "backup", copy.toString(), "--home", home("first"));
        var restored = done("identity", "restore", copy.toString(), "--home", home("second"));

        for (var result : new JsonNode[] {copied, restored, done("id", "--home", home("second"))}) {
            assertThat(result.path("peer").asString()).isEqualTo(names.path("peer").asString());
            assertThat(result.path("account").asString())
                    .isEqualTo(names.path("account").asString());
        }
        for (var file : new Path[] {copy, copy.resolveSibling("node.key.account.json")}) {
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                    .isEqualTo("rw-------");
        }
    }

    @Test
    void nothing_is_overwritten() throws Exception {
        done("id", "--home", home("first"));
        var second = done("id", "--home", home("second"));
        done("identity", "backup", copy.toString(), "--home", home("first"));
        var bytes = Files.readAllBytes(copy);

        refused(
                copy + " exists already and is not overwritten",
                "identity",
                "backup",
                copy.toString(),
                "--home",
                home("second"));
        refused(
                "exists already and is not overwritten",
                "identity",
                "restore",
                copy.toString(),
                "--home",
                home("second"));

        assertThat(Files.readAllBytes(copy)).isEqualTo(bytes);
        assertThat(done("id", "--home", home("second"))).isEqualTo(second);
    }

    @Test
    void a_wrong_passphrase_or_half_a_copy_restores_nothing() throws Exception {
        done("id", "--home", home("first"));
        done("identity", "backup", copy.toString(), "--home", home("first"));

        Files.writeString(passphrase, "another one");
        refused(
                "wrong passphrase or damaged file",
                "identity",
                "restore",
                copy.toString(),
                "--home",
                home("second"));
        Files.writeString(passphrase, "a long one");
        Files.delete(copy.resolveSibling("node.key.account.json"));
        refused(
                "node.key.account.json: is not a file",
                "identity",
                "restore",
                copy.toString(),
                "--home",
                home("second"));

        assertThat(folder.resolve("second").resolve("identity")).doesNotExist();
    }

    @Test
    void where_there_is_no_identity_there_is_nothing_to_copy_or_replace() {
        refused(
                "there is nothing to back up",
                "identity",
                "backup",
                copy.toString(),
                "--home",
                home("none"));
        refused("there is nothing to replace", "identity", "rotate", "--home", home("none"));
        assertThat(folder.resolve("none")).doesNotExist();
    }

    @Test
    void a_new_peer_key_follows_the_old_one_which_is_kept() throws Exception {
        var before = done("id", "--home", home("first"));

        var rotated = done("identity", "rotate", "--home", home("first"));

        var after = done("id", "--home", home("first"));
        assertThat(after.path("account").asString()).isEqualTo(before.path("account").asString());
        assertThat(rotated.path("before").asString()).isEqualTo(before.path("peer").asString());
        assertThat(rotated.path("after").asString()).isEqualTo(after.path("peer").asString());
        assertThat(rotated.path("after").asString())
                .isNotEqualTo(rotated.path("before").asString());
        var statement = KeyFile.succession(Path.of(rotated.path("statement").asString()));
        assertThat(statement.successor().peerId()).hasToString(after.path("peer").asString());
        assertThat(KeyFile.load(Path.of(rotated.path("kept").asString())).peerId())
                .hasToString(before.path("peer").asString());
    }

    private String home(String name) {
        return folder.resolve(name).toString();
    }

    private JsonNode done(String... arguments) {
        var ran = run(arguments);
        assertThat(ran.status()).as(ran.out() + ran.err()).isZero();
        return ran.result();
    }

    private void refused(String why, String... arguments) {
        var ran = run(arguments);
        assertThat(ran.status()).isEqualTo(ExitCode.DATA.status());
        assertThat(ran.result().path("error").path("code").asString()).isEqualTo("TL-SEC-004");
        assertThat(ran.result().path("error").path("message").asString()).contains(why);
    }

    private Ran run(String... arguments) {
        var all = new ArrayList<>(List.of(arguments));
        if (arguments[0].equals("identity") && !arguments[1].equals("rotate")) {
            all.addAll(List.of("--passphrase-file", passphrase.toString()));
        }
        all.addAll(List.of("-o", "json"));
        return Ran.of(all.toArray(new String[0]));
    }
}
