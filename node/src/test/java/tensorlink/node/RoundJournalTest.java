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
                assertThat(journal.items()).containsExactly(item(1).toByteString());
                journal.add(item(3));
            }
            try (var journal = RoundJournal.open(file)) {
                assertThat(journal.items())
                        .containsExactly(item(1).toByteString(), item(3).toByteString());
            }
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
