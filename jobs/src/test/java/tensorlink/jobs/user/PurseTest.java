package tensorlink.jobs.user;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tensorlink.jobs.job.JobId;
import tensorlink.ledger.Account;
import tensorlink.ledger.AccountKey;
import tensorlink.ledger.Amount;
import tensorlink.ledger.Bytes32;

class PurseTest {
    private static final Account WORKER = AccountKey.generate(new Random(1)).account();
    private static final Account OTHER = AccountKey.generate(new Random(2)).account();

    @TempDir private Path folder;

    @Test
    void promises_add_up_for_each_payee_and_survive_a_restart() throws IOException {
        var purse = Purse.open(folder.resolve("deep/purse"));
        purse.promise(WORKER, Amount.of(3), Optional.empty());
        purse.promise(OTHER, Amount.of(1), Optional.empty());

        assertThat(purse.promise(WORKER, Amount.of(4), Optional.empty())).isEqualTo(Amount.of(7));

        var reopened = Purse.open(folder.resolve("deep/purse"));
        assertThat(reopened.promised(WORKER)).isEqualTo(Amount.of(7));
        assertThat(reopened.promised(OTHER)).isEqualTo(Amount.of(1));
    }

    @Test
    void what_is_promised_in_a_job_that_is_kept_is_known_until_that_is_forgotten()
            throws IOException {
        var job = new JobId(Bytes32.keccak("job"));
        var other = new JobId(Bytes32.keccak("other"));
        var purse = Purse.open(folder.resolve("purse"));
        purse.promise(WORKER, Amount.of(1), Optional.empty());
        purse.promise(WORKER, Amount.of(2), Optional.of(job));
        purse.promise(WORKER, Amount.of(4), Optional.of(other));

        assertThat(purse.promise(WORKER, Amount.of(8), Optional.of(job))).isEqualTo(Amount.of(15));

        var reopened = Purse.open(folder.resolve("purse"));
        assertThat(reopened.promised(job, WORKER)).isEqualTo(Amount.of(10));
        assertThat(reopened.promised(job, OTHER)).isEqualTo(Amount.ZERO);
        assertThat(reopened.promised(other, WORKER)).isEqualTo(Amount.of(4));
        reopened.forget(job);
        var again = Purse.open(folder.resolve("purse"));
        assertThat(again.promised(job, WORKER)).isEqualTo(Amount.ZERO);
        assertThat(again.promised(other, WORKER)).isEqualTo(Amount.of(4));
        assertThat(again.promised(WORKER)).isEqualTo(Amount.of(15));
    }

    @Test
    void a_promise_that_cannot_be_written_was_not_given() throws IOException {
        var file = folder.resolve("purse");
        var purse = Purse.open(file);
        purse.promise(WORKER, Amount.of(3), Optional.empty());
        Files.createDirectories(folder.resolve("purse.new/in the way"));

        assertThatThrownBy(() -> purse.promise(WORKER, Amount.of(4), Optional.empty()))
                .isInstanceOf(IOException.class);

        assertThat(purse.promised(WORKER)).isEqualTo(Amount.of(3));
    }

    @Test
    void a_damaged_line_is_named() throws IOException {
        var file = folder.resolve("purse");
        Purse.open(file).promise(WORKER, Amount.of(3), Optional.empty());
        Files.writeString(file, Files.readString(file) + "nonsense\n");

        assertThatThrownBy(() -> Purse.open(file)).hasMessageContaining("line 2 is damaged");
    }
}
