package tensorlink.jobs.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import org.junit.jupiter.api.io.TempDir;
import tensorlink.p2p.AnyInput;

/** A journal on disk, after a crash or worse. */
class JobJournalInputTest extends AnyInput {
    @TempDir private static Path folder;

    @Override
    protected Stream<byte[]> inputs() throws IOException {
        var file = folder.resolve("good");
        try (var journal = JobJournal.open(file)) {
            journal.append(Instant.ofEpochMilli(1), new JobState.Requested());
            journal.append(Instant.ofEpochMilli(2), new JobState.Failed("why\tand how % ü"));
        }
        var whole = Files.readString(file, StandardCharsets.ISO_8859_1);
        return Stream.of(
                        whole,
                        whole.substring(0, whole.length() - 5),
                        // Lines that are whole, with contents that no journal writes.
                        line("99999999999999999999\trequested\t"),
                        line("1\tnothing\t"),
                        line("\t\t"),
                        line("1\tfailed\t%zz"),
                        line(Long.MAX_VALUE + "\tfailed\twhy"))
                .map(text -> text.getBytes(StandardCharsets.ISO_8859_1));
    }

    private static String line(String body) {
        var crc = new CRC32();
        crc.update(body.getBytes(StandardCharsets.ISO_8859_1));
        return body + String.format(Locale.ROOT, "\t%08x\n", crc.getValue());
    }

    @Override
    protected String outcome(List<byte[]> pieces) throws IOException {
        var file = folder.resolve("journal");
        Files.write(file, joined(pieces).toByteArray());
        List<JobJournal.Entry> entries;
        try {
            entries = JobJournal.read(file);
        } catch (IOException damaged) {
            assertThat(damaged.getMessage()).startsWith(file + ": ");
            return String.valueOf(damaged.getMessage());
        }
        // What can be read can be gone on with.
        try (var journal = JobJournal.open(file)) {
            journal.append(Instant.ofEpochMilli(3), new JobState.Expired());
        }
        assertThat(JobJournal.read(file)).hasSize(entries.size() + 1).containsAll(entries);
        return entries.toString();
    }
}
