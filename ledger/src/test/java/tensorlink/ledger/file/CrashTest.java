package tensorlink.ledger.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static tensorlink.ledger.file.Fixture.ALICE;
import static tensorlink.ledger.file.Fixture.CONFIG;
import static tensorlink.ledger.file.Fixture.contents;
import static tensorlink.ledger.file.Fixture.issuance;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tensorlink.ledger.Amount;
import tensorlink.ledger.LedgerFormatException;
import tensorlink.ledger.Outcome;

/** What a ledger's file may look like after a crash, and what damage is. */
class CrashTest {
    /** The signatures are not what these tests are about, and they are slow. */
    private static final FileLedgerConfig QUICK = CONFIG.withSignaturesCheckedOnOpen(false);

    private final Fixture fixture = new Fixture();

    /** A whole file, and after each of its records: where it ended and what the ledger said. */
    private byte[] file = new byte[0];

    private final List<Integer> ends = new ArrayList<>();
    private final List<List<Object>> contents = new ArrayList<>();

    @BeforeEach
    void write_a_history() throws IOException {
        var storage = new MemoryStorage();
        try (var ledger = FileLedger.open(storage, QUICK, fixture.clock)) {
            fixture.writeHistory(ledger);
        }
        file = new byte[(int) storage.length()];
        storage.read(0, file);
        var log =
                HashLog.open(
                        new MemoryStorage(file),
                        (_, position, record) -> ends.add((int) position + record.size()));
        assertThat(log.size()).isEqualTo(1 + Fixture.HISTORY);
        for (int end : ends) {
            try (var ledger = open(Arrays.copyOf(file, end))) {
                contents.add(contents(ledger));
            }
        }
        assertThat(contents).doesNotHaveDuplicates();
    }

    private FileLedger open(byte[] content) throws IOException {
        return FileLedger.open(new MemoryStorage(content), QUICK, fixture.clock);
    }

    /** How many whole records a file of {@code length} bytes has, counting the first as there. */
    private int recordsIn(int length) {
        return (int) Math.max(1, ends.stream().filter(end -> end <= length).count());
    }

    @Test
    void a_file_cut_at_any_byte_opens_with_its_whole_records_and_goes_on() throws IOException {
        for (int length = 0; length <= file.length; length++) {
            var storage = new MemoryStorage(Arrays.copyOf(file, length));
            var expected = contents.get(recordsIn(length) - 1);
            var more = issuance(ALICE, 5_000);

            try (var ledger = FileLedger.open(storage, QUICK, fixture.clock)) {
                assertThat(contents(ledger)).as("cut at " + length).isEqualTo(expected);
                assertThat(ledger.issue(more)).isEqualTo(new Outcome.Recorded());
            }

            try (var again = FileLedger.open(storage, QUICK, fixture.clock)) {
                assertThat(again.issued(ALICE.account()))
                        .as("cut at " + length + ", appended, opened again")
                        .isEqualTo(Amount.of(5_000));
                assertThat(again.head().index()).isEqualTo(recordsIn(length));
            }
        }
    }

    @Test
    void a_file_on_disk_cut_at_any_byte_of_its_last_record_goes_on(@TempDir Path directory)
            throws IOException {
        var path = directory.resolve("ledger.log");
        int lastStart = ends.get(Fixture.HISTORY - 1);
        for (int length = lastStart; length < file.length; length++) {
            Files.write(path, Arrays.copyOf(file, length));

            try (var ledger = FileLedger.open(directory, QUICK, fixture.clock)) {
                assertThat(contents(ledger)).isEqualTo(contents.get(Fixture.HISTORY - 1));
                ledger.issue(issuance(ALICE, 5_000));
            }

            try (var again = FileLedger.open(directory, QUICK, fixture.clock)) {
                assertThat(again.issued(ALICE.account())).isEqualTo(Amount.of(5_000));
            }
        }
    }

    @Test
    void a_flipped_bit_in_any_byte_is_refused_with_its_position() {
        for (int at = 0; at < file.length; at++) {
            var damaged = file.clone();
            damaged[at] ^= (byte) (1 << at % 8);

            int position = at;
            assertThatThrownBy(() -> open(damaged))
                    .as("byte " + at)
                    .isInstanceOfSatisfying(
                            LedgerFormatException.class,
                            e -> assertThat(e.position()).isEqualTo(startOfFrame(position)))
                    .hasMessageStartingWith("memory at byte ");
        }
    }

    private long startOfFrame(int at) {
        int start = at < Frames.MAGIC.size() ? 0 : Frames.MAGIC.size();
        for (int end : ends) {
            if (end <= at) {
                start = end;
            }
        }
        return start;
    }

    @Test
    void a_record_that_is_missing_or_moved_is_refused() {
        int first = ends.get(1);
        int second = ends.get(2);
        int third = ends.get(3);
        var missing = join(slice(0, first), slice(second, file.length));
        var swapped =
                join(
                        slice(0, first),
                        slice(second, third),
                        slice(first, second),
                        slice(third, file.length));
        var twice = join(slice(0, second), slice(first, file.length));

        for (var damaged : List.of(missing, swapped, twice)) {
            assertThatThrownBy(() -> open(damaged))
                    .isInstanceOf(LedgerFormatException.class)
                    .hasMessageContaining("hash: does not fit the record");
        }
    }

    @Test
    void zeros_where_the_last_write_did_not_reach_the_disk_are_a_torn_end() throws IOException {
        for (int end : ends.subList(0, Fixture.HISTORY)) {
            for (int zeros : new int[] {1, 7, 8, 39, 40, 500, 5_000}) {
                try (var ledger = open(Arrays.copyOf(slice(0, end), end + zeros))) {
                    assertThat(contents(ledger)).isEqualTo(contents.get(recordsIn(end) - 1));
                }
            }
        }
        for (int sector = 512; sector < file.length; sector += 512) {
            try (var ledger = open(Arrays.copyOf(slice(0, sector), file.length + 100))) {
                assertThat(contents(ledger)).isEqualTo(contents.get(recordsIn(sector) - 1));
            }
        }
    }

    @Test
    void zeros_that_no_torn_write_explains_are_damage() {
        int inside = ends.get(3) + 60;
        assertThat(inside % 512).isNotZero();
        var hole = file.clone();
        Arrays.fill(hole, inside, inside + 40, (byte) 0);
        var tail = slice(0, ends.get(Fixture.HISTORY) - 3);
        var shortened = Arrays.copyOf(tail, file.length);

        assertThatThrownBy(() -> open(hole)).isInstanceOf(LedgerFormatException.class);
        assertThatThrownBy(() -> open(shortened)).isInstanceOf(LedgerFormatException.class);
    }

    @Test
    void a_file_of_something_else_is_refused_untouched(@TempDir Path directory) throws IOException {
        var path = directory.resolve("ledger.log");
        Files.writeString(path, "{}");

        assertThatThrownBy(() -> FileLedger.open(directory, QUICK, fixture.clock))
                .isInstanceOf(LedgerFormatException.class)
                .hasMessageEndingWith("ledger.log at byte 0, magic: not a ledger");
        assertThat(Files.readString(path)).isEqualTo("{}");
    }

    @Test
    void a_length_beyond_the_limit_is_refused_before_anything_is_read() {
        var log = slice(0, ends.get(0));
        var crc = new CRC32C();
        var length = ByteBuffer.allocate(4).putInt(0, Frames.RECORD_BYTES_MAX + 1);
        crc.update(length.duplicate());
        var header = ByteBuffer.allocate(8).put(length).putInt((int) crc.getValue());

        assertThatThrownBy(() -> open(join(log, header.array())))
                .isInstanceOf(LedgerFormatException.class)
                .hasMessageContaining("length: 1048577, at most 1048576");
    }

    private byte[] slice(int from, int to) {
        return Arrays.copyOfRange(file, from, to);
    }

    private static byte[] join(byte[]... parts) {
        var whole = new ByteArrayOutputStream();
        for (var part : parts) {
            whole.writeBytes(part);
        }
        return whole.toByteArray();
    }
}
