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

/**
 * Accounts are made, shown and imported; passwords come from files, never from the command line.
 */
class WalletCommandTest {
    @TempDir private Path folder;
    private Path password;
    private Path wallet;

    @BeforeEach
    void choose() throws Exception {
        password = Files.writeString(folder.resolve("password"), "a long one\n");
        wallet = folder.resolve("savings.json");
    }

    @Test
    void a_wallet_is_made_imported_and_shown() throws Exception {
        var made = done("new", wallet.toString(), "--password-file", password.toString());
        var imported =
                done(
                        "import",
                        wallet.toString(),
                        "--password-file",
                        password.toString(),
                        "--home",
                        home());
        var shown = done("show", "--home", home());

        var account = made.result().path("account").asString();
        assertThat(account).startsWith("0x").hasSize(42);
        assertThat(imported.result().path("account").asString()).isEqualTo(account);
        assertThat(shown.result().path("account").asString()).isEqualTo(account);
        assertThat(shown.result().path("ledger").asString()).isEqualTo("not asked");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(wallet)))
                .isEqualTo("rw-------");
        assertThat(Files.readString(wallet)).contains("\"version\"").doesNotContain("a long one");
    }

    @Test
    void no_wallet_is_ever_overwritten() throws Exception {
        done("new", wallet.toString(), "--password-file", password.toString());
        var bytes = Files.readString(wallet);

        var again = run("new", wallet.toString(), "--password-file", password.toString());
        done("import", wallet.toString(), "--password-file", password.toString(), "--home", home());
        var second =
                run(
                        "import",
                        wallet.toString(),
                        "--password-file",
                        password.toString(),
                        "--home",
                        home());

        assertThat(again.status()).isNotZero();
        assertThat(message(again)).contains("exists already and is not overwritten");
        assertThat(Files.readString(wallet)).isEqualTo(bytes);
        assertThat(second.status()).isNotZero();
        assertThat(message(second)).contains("holds an account already");
    }

    @Test
    void a_wrong_password_or_a_file_that_others_can_read_is_refused() throws Exception {
        done("new", wallet.toString(), "--password-file", password.toString());
        var wrong = Files.writeString(folder.resolve("wrong"), "another one");

        var refused =
                run(
                        "import",
                        wallet.toString(),
                        "--password-file",
                        wrong.toString(),
                        "--home",
                        home());
        Files.setPosixFilePermissions(wallet, PosixFilePermissions.fromString("rw-r--r--"));
        var readable =
                run(
                        "import",
                        wallet.toString(),
                        "--password-file",
                        password.toString(),
                        "--home",
                        home());

        assertThat(refused.status()).isNotZero();
        assertThat(message(refused)).doesNotContain("another one");
        assertThat(message(readable)).contains("has mode rw-r--r--, expected rw-------");
        assertThat(Files.exists(Path.of(home()).resolve("identity"))).isFalse();
    }

    @Test
    void without_a_password_nothing_is_made_and_its_ways_are_named() {
        var none = run("new", wallet.toString());
        var both =
                run(
                        "new",
                        wallet.toString(),
                        "--password-file",
                        password.toString(),
                        "--password-fd",
                        "3");
        var negative = run("new", wallet.toString(), "--password-fd", "-1");
        var argument = run("new", wallet.toString(), "--password", "secret");

        assertThat(none.status()).isEqualTo(ExitCode.USAGE.status());
        assertThat(message(none)).contains("--password-file FILE");
        assertThat(message(both)).contains("one, not both");
        assertThat(message(negative)).contains("below 0");
        assertThat(argument.status()).isEqualTo(ExitCode.USAGE.status());
        assertThat(Files.exists(wallet)).isFalse();
    }

    @Test
    void a_home_without_an_account_shows_none_and_gets_none() {
        var shown = run("show", "--home", home());

        assertThat(shown.status()).isNotZero();
        assertThat(message(shown)).contains("holds no account yet");
        assertThat(Files.exists(Path.of(home()))).isFalse();
    }

    private String home() {
        return folder.resolve("home").toString();
    }

    private static String message(Ran ran) {
        return ran.result().path("error").path("message").asString();
    }

    private static Ran done(String... arguments) {
        var ran = run(arguments);
        assertThat(ran.status()).as("%s", ran).isZero();
        return ran;
    }

    private static Ran run(String... arguments) {
        var all = new ArrayList<>(List.of("wallet"));
        all.addAll(List.of(arguments));
        all.addAll(List.of("-o", "json"));
        return Ran.of(all.toArray(new String[0]));
    }
}
