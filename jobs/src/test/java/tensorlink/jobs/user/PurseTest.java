package tensorlink.jobs.user;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tensorlink.ledger.Account;
import tensorlink.ledger.AccountKey;
import tensorlink.ledger.Amount;

class PurseTest {
    private static final Account WORKER = AccountKey.generate(new Random(1)).account();
    private static final Account OTHER = AccountKey.generate(new Random(2)).account();

    @TempDir private Path folder;

    @Test
    void promises_add_up_for_each_payee_and_survive_a_restart() throws IOException {
        var purse = Purse.open(folder.resolve("deep/purse"));
        purse.promise(WORKER, Amount.of(3));
        purse.promise(OTHER, Amount.of(1));

        assertThat(purse.promise(WORKER, Amount.of(4))).isEqualTo(Amount.of(7));

        var reopened = Purse.open(folder.resolve("deep/purse"));
        assertThat(reopened.promised(WORKER)).isEqualTo(Amount.of(7));
        assertThat(reopened.promised(OTHER)).isEqualTo(Amount.of(1));
    }

    @Test
    void a_promise_that_cannot_be_written_was_not_given() throws IOException {
        var file = folder.resolve("purse");
        var purse = Purse.open(file);
        purse.promise(WORKER, Amount.of(3));
        Files.createDirectories(folder.resolve("purse.new/in the way"));

        assertThatThrownBy(() -> purse.promise(WORKER, Amount.of(4)))
                .isInstanceOf(IOException.class);

        assertThat(purse.promised(WORKER)).isEqualTo(Amount.of(3));
    }

    @Test
    void a_damaged_line_is_named() throws IOException {
        var file = folder.resolve("purse");
        Purse.open(file).promise(WORKER, Amount.of(3));
        Files.writeString(file, Files.readString(file) + "nonsense\n");

        assertThatThrownBy(() -> Purse.open(file)).hasMessageContaining("line 2 is damaged");
    }
}
