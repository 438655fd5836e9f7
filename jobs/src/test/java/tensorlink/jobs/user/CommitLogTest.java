package tensorlink.jobs.user;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tensorlink.compute.Digest;

class CommitLogTest {
    @TempDir private Path folder;

    @Test
    void goes_on_where_it_was_left() throws IOException {
        var file = write(3);

        try (var log = CommitLog.open(file)) {
            assertThat(log.step()).isEqualTo(3);
            log.append(entry(4));
        }

        assertThat(CommitLog.read(file)).containsExactly(entry(1), entry(2), entry(3), entry(4));
    }

    @Test
    void takes_steps_in_order_only() throws IOException {
        try (var log = CommitLog.open(write(2))) {
            assertThatThrownBy(() -> log.append(entry(2))).hasMessage("step 2 after 2");
            assertThatThrownBy(() -> log.append(entry(4))).hasMessage("step 4 after 2");
        }
    }

    @Test
    void cut_at_any_byte_it_keeps_the_steps_before_and_takes_the_next() throws IOException {
        var whole = Files.readAllBytes(write(3));
        for (int length = 0; length <= whole.length; length++) {
            var cut = folder.resolve("cut");
            Files.write(cut, Arrays.copyOf(whole, length));
            long kept;
            try (var log = CommitLog.open(cut)) {
                kept = log.step();
                log.append(entry(kept + 1));
            }

            assertThat(CommitLog.read(cut)).hasSize((int) kept + 1);
            assertThat(kept).isEqualTo(length * 3L / whole.length);
        }
    }

    @Test
    void changed_anywhere_before_its_last_line_it_is_refused() throws IOException {
        var whole = Files.readAllBytes(write(3));
        int lastLine = whole.length * 2 / 3;
        for (int at = 0; at < lastLine; at++) {
            var changed = whole.clone();
            changed[at] ^= 1;
            var file = folder.resolve("changed");
            Files.write(file, changed);

            assertThatThrownBy(() -> CommitLog.read(file))
                    .as("byte " + at)
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("is damaged");
        }
    }

    private Path write(int steps) throws IOException {
        var file = folder.resolve("log");
        Files.deleteIfExists(file);
        try (var log = CommitLog.open(file)) {
            for (int step = 1; step <= steps; step++) {
                log.append(entry(step));
            }
        }
        return file;
    }

    private static CommitLog.Entry entry(long step) {
        return new CommitLog.Entry(
                step,
                List.of(
                        Digest.of(new byte[] {(byte) step, 0}),
                        Digest.of(new byte[] {(byte) step, 1})));
    }
}
