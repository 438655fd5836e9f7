package tensorlink.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tensorlink.ledger.Account;
import tensorlink.ledger.Bytes32;
import tensorlink.ledger.smartnodes.Distribution;
import tensorlink.ledger.smartnodes.Share;
import tensorlink.node.wire.RoundItem;
import tensorlink.node.wire.ToldProposal;
import tensorlink.p2p.core.ProtocolViolation;

class RoundJournalTest {
    private static final Account WORKER = Account.parse("0x" + "5b".repeat(20));

    @TempDir private Path folder;

    private static RoundItem item(int number) {
        return RoundItem.newBuilder().setWork(ByteString.copyFromUtf8("work " + number)).build();
    }

    @Test
    void what_was_added_is_there_again_whatever_a_crash_cut_off() throws Exception {
        var file = folder.resolve("rounds.log");
        try (var journal = RoundJournal.open(file)) {
            journal.add(item(1));
            journal.add(item(2));
        }
        var whole = Files.readAllBytes(file);
        int first = new String(whole, java.nio.charset.StandardCharsets.US_ASCII).indexOf('\n') + 1;

        for (int length = first; length < whole.length; length++) {
            Files.write(file, Arrays.copyOf(whole, length));
            try (var journal = RoundJournal.open(file)) {
                assertThat(journal.items()).containsExactly(item(1));
                journal.add(item(3));
            }
            try (var journal = RoundJournal.open(file)) {
                assertThat(journal.items()).containsExactly(item(1), item(3));
            }
        }
    }

    @Test
    void what_is_written_anew_is_all_there_is_and_is_added_to() throws Exception {
        var file = folder.resolve("rounds.log");
        try (var journal = RoundJournal.open(file)) {
            for (int i = 1; i <= 100; i++) {
                journal.add(item(i));
            }
            long before = journal.length();

            journal.rewrite(List.of(item(7), item(9)));
            assertThat(journal.length()).isEqualTo(Files.size(file)).isLessThan(before);
            journal.add(item(101));

            assertThat(journal.items()).containsExactly(item(7), item(9), item(101));
        }
        var whole = Files.readAllBytes(file);
        for (int length = whole.length; length >= 0; length--) {
            Files.write(file, Arrays.copyOf(whole, length));
            try (var journal = RoundJournal.open(file)) {
                var left = journal.items();
                assertThat(left)
                        .isEqualTo(List.of(item(7), item(9), item(101)).subList(0, left.size()));
                assertThat(journal.length()).isEqualTo(Files.size(file));
            }
        }
    }

    @Test
    void a_draft_that_a_crash_left_is_none_and_what_was_there_before_stays() throws Exception {
        var file = folder.resolve("rounds.log");
        try (var journal = RoundJournal.open(file)) {
            journal.add(item(1));
            journal.rewrite(List.of(item(1)));
        }
        var whole = Files.readAllBytes(file);
        for (int length = 0; length <= whole.length; length++) {
            Files.write(folder.resolve(".rounds.log.1-1.tmp"), Arrays.copyOf(whole, length));

            try (var journal = RoundJournal.open(file)) {
                assertThat(journal.items()).containsExactly(item(1));
            }
        }
    }

    @Test
    void a_journal_that_cannot_be_written_anew_goes_on_as_it_was() throws Exception {
        var file = folder.resolve("rounds.log");
        try (var journal = RoundJournal.open(file)) {
            journal.add(item(1));
            journal.add(item(2));
            Thread.currentThread().interrupt(); // ends the writing of the draft

            assertThatThrownBy(() -> journal.rewrite(List.of(item(2))))
                    .isInstanceOf(IOException.class);
            assertThat(Thread.interrupted()).isTrue();
            journal.add(item(3));
        }
        try (var journal = RoundJournal.open(file)) {
            assertThat(journal.items()).containsExactly(item(1), item(2), item(3));
        }
        try (var files = Files.list(folder)) {
            assertThat(files).containsExactly(file);
        }
    }

    @Test
    void damage_before_the_last_line_is_refused_by_its_line() throws Exception {
        var file = folder.resolve("rounds.log");
        Files.writeString(file, "!!!\nAAAA\n");

        assertThatThrownBy(() -> RoundJournal.open(file))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("line 1 is damaged");
    }

    @Test
    void a_told_proposal_arrives_as_it_was_and_nonsense_is_refused_by_name() throws Exception {
        var told =
                new Told(
                        Instant.ofEpochSecond(1_800_000_000),
                        List.of(Bytes32.keccak("job")),
                        new Distribution(
                                BigInteger.TWO,
                                List.of(new Share(WORKER, BigInteger.ONE.shiftLeft(127)))));

        assertThat(Told.decode(told.encode())).isEqualTo(told);

        var good = told.encode();
        var wrong =
                List.of(
                        good.toBuilder().setUntil(-1).build(),
                        good.toBuilder().setDistribution(ByteString.EMPTY).build(),
                        good.toBuilder().addJobs(ByteString.copyFromUtf8("short")).build(),
                        good.toBuilder().addShares(good.getShares(0)).build(),
                        good.toBuilder()
                                .setDistribution(ByteString.copyFrom(new byte[34]))
                                .build());
        for (ToldProposal message : wrong) {
            assertThatThrownBy(() -> Told.decode(message))
                    .isInstanceOf(ProtocolViolation.class)
                    .hasMessageContaining("told proposal: ");
        }
    }
}
