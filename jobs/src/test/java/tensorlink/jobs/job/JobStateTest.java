package tensorlink.jobs.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tensorlink.ledger.Bytes32;

class JobStateTest {
    private static final List<JobState> ALL =
            List.of(
                    new JobState.Requested(),
                    new JobState.Planned(),
                    new JobState.Recruiting(),
                    new JobState.Agreed(),
                    new JobState.Loading(),
                    new JobState.Running(),
                    new JobState.Completed(),
                    new JobState.Cancelled("a reason"),
                    new JobState.Expired(),
                    new JobState.Failed("why\tand\nhow % ü"));

    private static final JobId ID = new JobId(Bytes32.keccak("a job"));

    @TempDir private Path folder;

    @Test
    void moves_forward_one_state_at_a_time_and_never_after_its_end() {
        for (int from = 0; from < ALL.size(); from++) {
            for (int to = 0; to < ALL.size(); to++) {
                boolean forward = to == from + 1 && to <= 6;
                boolean end = to >= 7 && from <= 5;

                assertThat(ALL.get(from).mayBecome(ALL.get(to)))
                        .as(ALL.get(from) + " -> " + ALL.get(to))
                        .isEqualTo(forward || end);
            }
        }
    }

    @Test
    void random_walks_keep_to_the_machine_and_the_journal_tells_them_again() throws IOException {
        for (long seed = 0; seed < 200; seed++) {
            var random = new Random(seed);
            var file = folder.resolve(seed + ".journal");
            var walked = new ArrayList<String>();
            try (var job = Job.begin(ID, JobJournal.open(file), () -> Instant.EPOCH)) {
                walked.add(job.state().label());
                for (int step = 0; step < 30; step++) {
                    var next = ALL.get(random.nextInt(ALL.size()));
                    boolean legal = job.state().mayBecome(next);
                    if (legal) {
                        job.become(next);
                        walked.add(next.label());
                    } else {
                        assertThatThrownBy(() -> job.become(next))
                                .isInstanceOf(IllegalStateException.class);
                    }
                }
            }

            var told = JobJournal.read(file).stream().map(entry -> entry.state().label()).toList();
            assertThat(told).as("seed " + seed).isEqualTo(walked);
        }
    }

    @Test
    void a_journal_cut_anywhere_keeps_its_whole_lines_and_goes_on() throws IOException {
        var file = folder.resolve("whole.journal");
        try (var job = Job.begin(ID, JobJournal.open(file), () -> Instant.ofEpochMilli(7))) {
            job.become(new JobState.Planned());
            job.become(ALL.getLast());
        }
        var whole = Files.readAllBytes(file);

        for (int length = 0; length <= whole.length; length++) {
            var cut = folder.resolve("cut.journal");
            Files.write(cut, java.util.Arrays.copyOf(whole, length));
            int lines = lines(whole, length);
            try (var journal = JobJournal.open(cut)) {
                journal.append(Instant.ofEpochMilli(8), new JobState.Expired());
            }

            var entries = JobJournal.read(cut);
            assertThat(entries).hasSize(lines + 1);
            assertThat(entries.getLast().state()).isEqualTo(new JobState.Expired());
        }
    }

    @Test
    void a_journal_damaged_before_its_last_line_is_refused() throws IOException {
        var file = folder.resolve("damaged.journal");
        try (var job = Job.begin(ID, JobJournal.open(file), () -> Instant.EPOCH)) {
            job.become(new JobState.Planned());
        }
        var bytes = Files.readAllBytes(file);
        bytes[3] ^= 1;
        Files.write(file, bytes);

        assertThatThrownBy(() -> JobJournal.read(file)).hasMessageContaining("line 1 is damaged");
    }

    @Test
    void keeps_the_reason_it_ended_for() throws IOException {
        var file = folder.resolve("reason.journal");
        var end = ALL.getLast();
        try (var job = Job.begin(ID, JobJournal.open(file), () -> Instant.EPOCH)) {
            assertThat(job.end(end)).isTrue();
            assertThat(job.end(new JobState.Expired())).isFalse();
        }

        assertThat(JobJournal.read(file).getLast().state()).isEqualTo(end);
    }

    private static int lines(byte[] bytes, int length) {
        int lines = 0;
        for (int i = 0; i < length; i++) {
            if (bytes[i] == '\n') {
                lines++;
            }
        }
        return lines;
    }
}
