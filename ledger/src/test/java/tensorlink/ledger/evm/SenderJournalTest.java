package tensorlink.ledger.evm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tensorlink.ledger.AccountKey;
import tensorlink.ledger.Bytes32;
import tensorlink.ledger.LedgerException;
import tensorlink.ledger.LedgerFormatException;
import tensorlink.ledger.evm.Transaction.SignedTransaction;

/** What is known after a crash is what was signed before it. */
class SenderJournalTest {
    private static final AccountKey KEY = AccountKey.of(Bytes32.keccak("journal"));
    private static final int CHAIN = 7;

    @TempDir private Path directory;

    @Test
    void what_was_signed_is_pending_until_it_is_done() throws Exception {
        try (var journal = open()) {
            journal.sent(transaction(4, 10));
            journal.sent(transaction(4, 20));
            journal.sent(transaction(5, 10));
            journal.sent(transaction(6, 10));
            journal.done(5);
        }

        try (var journal = open()) {
            assertThat(journal.pending()).containsExactly(4L, 6L);
            assertThat(journal.versions(4)).containsExactly(transaction(4, 10), transaction(4, 20));
            assertThat(journal.next()).isEqualTo(7);
            journal.done(4);
            journal.done(6);
        }
        try (var journal = open()) {
            assertThat(journal.pending()).isEmpty();
            assertThat(journal.next()).isEqualTo(7);
        }
    }

    @Test
    void a_torn_end_is_cut_wherever_it_is_torn_and_the_journal_goes_on() throws Exception {
        try (var journal = open()) {
            journal.sent(transaction(0, 10));
        }
        int before;
        try (var journal = open()) {
            before = Files.readAllBytes(file()).length;
            journal.sent(transaction(1, 10));
        }
        var whole = Files.readAllBytes(file());
        assertThat(whole.length).isGreaterThan(before);

        for (int length = before; length < whole.length; length++) {
            Files.write(file(), Arrays.copyOf(whole, length));
            try (var journal = open()) {
                assertThat(journal.pending()).as("cut at %d", length).containsExactly(0L);
                journal.sent(transaction(1, 20));
            }
            try (var journal = open()) {
                assertThat(journal.versions(1)).containsExactly(transaction(1, 20));
            }
        }
    }

    @Test
    void damage_before_the_end_is_refused_with_its_place() throws Exception {
        try (var journal = open()) {
            journal.sent(transaction(0, 10));
            journal.sent(transaction(1, 10));
        }
        var whole = Files.readAllBytes(file());
        int line = new String(whole, java.nio.charset.StandardCharsets.ISO_8859_1).indexOf("sent ");
        for (int at = line + 5; at < line + 200; at += 7) {
            var damaged = whole.clone();
            damaged[at] = (byte) (damaged[at] == '0' ? '1' : '0');
            Files.write(file(), damaged);

            assertThatThrownBy(this::open)
                    .as("byte %d", at)
                    .isInstanceOf(LedgerFormatException.class)
                    .hasMessageContaining("at byte " + line);
        }
    }

    @Test
    void it_is_of_one_key_one_chain_and_one_process() throws Exception {
        var journal = open();
        assertThatThrownBy(this::open)
                .isInstanceOf(LedgerException.class)
                .hasMessageContaining("is in use");
        journal.close();

        assertThatThrownBy(() -> SenderJournal.open(file(), CHAIN + 1, KEY.account()))
                .isInstanceOf(LedgerException.class)
                .hasMessageContaining("expected \"tensorlink-sender 1 8 ");
        open().close();
    }

    private SenderJournal open() throws java.io.IOException {
        return SenderJournal.open(file(), CHAIN, KEY.account());
    }

    private Path file() {
        return directory.resolve("journal");
    }

    private static SignedTransaction transaction(long nonce, long tip) {
        return new Transaction(
                        CHAIN,
                        nonce,
                        new Fee(BigInteger.valueOf(tip), BigInteger.valueOf(100)),
                        21_000,
                        Optional.of(KEY.account()),
                        ByteString.copyFromUtf8("any"))
                .sign(KEY);
    }
}
