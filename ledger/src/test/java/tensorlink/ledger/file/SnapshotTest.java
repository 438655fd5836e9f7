package tensorlink.ledger.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tensorlink.ledger.Amount;
import tensorlink.ledger.LedgerFormatException;
import tensorlink.ledger.Outcome.Recorded;

/** Opening from a snapshot gives what the whole log gives, and costs what came after it. */
class SnapshotTest {
    private static final FileLedgerConfig SHORT = Fixture.CONFIG.withSnapshotEvery(3);
    private static final FileLedgerConfig NEVER = Fixture.CONFIG.withSnapshotEvery(0);

    private final Fixture fixture = new Fixture();

    /** Counts what is read of the log. */
    private static final class CountingStorage implements Storage {
        final MemoryStorage bytes;
        long read;

        CountingStorage(MemoryStorage bytes) {
            this.bytes = bytes;
        }

        @Override
        public String name() {
            return "counted";
        }

        @Override
        public long length() {
            return bytes.length();
        }

        @Override
        public void read(long position, byte[] into) throws IOException {
            read += into.length;
            bytes.read(position, into);
        }

        @Override
        public void append(byte[] more) {
            bytes.append(more);
        }

        @Override
        public void force() {}

        @Override
        public void truncate(long length) {
            bytes.truncate(length);
        }

        @Override
        public ByteString snapshot() {
            return bytes.snapshot();
        }

        @Override
        public void keep(ByteString snapshot) {
            bytes.keep(snapshot);
        }

        @Override
        public void close() {}
    }

    private FileLedger open(Storage storage, FileLedgerConfig config) throws IOException {
        return FileLedger.open(storage, config, fixture.clock);
    }

    private MemoryStorage history() throws IOException {
        var storage = new MemoryStorage();
        try (var ledger = open(storage, SHORT)) {
            fixture.writeHistory(ledger);
        }
        return storage;
    }

    @Test
    void a_ledger_opened_from_a_snapshot_is_the_one_that_the_log_tells_of() throws IOException {
        var storage = history();

        try (var fast = open(storage, SHORT);
                var whole = open(storage, NEVER)) {
            assertThat(storage.snapshot()).isNotEmpty();
            assertThat(Fixture.contents(fast)).isEqualTo(Fixture.contents(whole));
            assertThat(fast.head()).isEqualTo(whole.head());
        }
    }

    @Test
    void a_ledger_opened_from_a_snapshot_goes_on() throws IOException {
        var storage = history();
        try (var ledger = open(storage, SHORT)) {
            assertThat(ledger.issue(Fixture.issuance(Fixture.ALICE, 5_000)))
                    .isEqualTo(new Recorded());
        }

        try (var whole = open(storage, NEVER)) {
            assertThat(whole.issued(Fixture.ALICE.account())).isEqualTo(Amount.of(5_000));
        }
    }

    @Test
    void opening_reads_no_more_of_the_log_than_came_after_the_snapshot() throws IOException {
        var storage = new MemoryStorage();
        var config = SHORT.withSnapshotEvery(50);
        try (var ledger = open(storage, config)) {
            for (int i = 1; i <= 1_000; i++) {
                ledger.issue(Fixture.issuance(Fixture.ALICE, i));
            }
        }
        long record = storage.length() / 1_000;

        var counted = new CountingStorage(storage);
        open(counted, config).close();

        assertThat(counted.read).isLessThan(60 * record);
    }

    @Test
    void a_snapshot_that_is_damaged_or_missing_is_made_good_by_the_log() throws IOException {
        var storage = history();
        var good = storage.snapshot();
        for (int at = 0; at < good.size(); at += 7) {
            var bytes = good.toByteArray();
            bytes[at] ^= 1;
            storage.keep(ByteString.copyFrom(bytes));
            try (var ledger = open(storage, SHORT);
                    var whole = open(storage, NEVER)) {
                assertThat(ledger.head()).isEqualTo(whole.head());
            }
        }
        for (int size = 0; size < good.size(); size += 11) {
            storage.keep(good.substring(0, size));
            open(storage, SHORT).close();
        }
    }

    @Test
    void a_log_that_does_not_reach_its_snapshot_was_cut_and_is_refused() throws IOException {
        var storage = new MemoryStorage();
        long beforeLast = 0;
        try (var ledger = open(storage, SHORT.withSnapshotEvery(2))) {
            ledger.issue(Fixture.issuance(Fixture.ALICE, 1));
            ledger.issue(Fixture.issuance(Fixture.ALICE, 2));
            beforeLast = storage.length();
            ledger.issue(Fixture.issuance(Fixture.ALICE, 3));
        }
        storage.truncate(beforeLast);

        assertThatThrownBy(() -> open(storage, SHORT))
                .isInstanceOf(LedgerFormatException.class)
                .hasMessageContaining("the snapshot knows records up to byte");
    }

    @Test
    void a_log_with_another_record_where_the_snapshot_was_taken_is_refused() throws IOException {
        var storage = new MemoryStorage();
        var other = new MemoryStorage();
        for (var each : new MemoryStorage[] {storage, other}) {
            try (var ledger = open(each, SHORT)) {
                ledger.issue(Fixture.issuance(Fixture.ALICE, each == storage ? 1 : 2));
                ledger.issue(Fixture.issuance(Fixture.BOB, 9));
            }
        }
        other.keep(storage.snapshot());

        assertThatThrownBy(() -> open(other, SHORT))
                .isInstanceOf(LedgerFormatException.class)
                .hasMessageContaining("not the record that the snapshot knows");
    }

    @Test
    void on_a_disk_the_snapshot_is_replaced_whole(@TempDir Path directory) throws IOException {
        try (var ledger = FileLedger.open(directory, SHORT, fixture.clock)) {
            fixture.writeHistory(ledger);
        }

        assertThat(Files.exists(directory.resolve("ledger.snapshot"))).isTrue();
        assertThat(Files.exists(directory.resolve("ledger.snapshot.new"))).isFalse();
        try (var again = FileLedger.open(directory, SHORT, fixture.clock)) {
            assertThat(again.head().index()).isEqualTo(Fixture.HISTORY);
        }
    }
}
