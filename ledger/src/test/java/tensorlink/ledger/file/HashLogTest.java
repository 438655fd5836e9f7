package tensorlink.ledger.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tensorlink.ledger.Bytes32;

class HashLogTest {
    private static final ByteString RECORD = ByteString.copyFromUtf8("record");
    private static final int FRAME = Frames.HEADER_BYTES + 6;

    /** If they were let in one by one, the first would force for itself alone, and so each. */
    @Test
    @Timeout(30)
    void while_one_appender_forces_all_that_were_served_can_queue_again() throws Exception {
        int appenders = 8;
        var storage = new FaultyStorage();
        try (var log = HashLog.open(storage, (_, _, _) -> {});
                var threads = Executors.newCachedThreadPool()) {
            storage.begun.drainPermits();
            storage.allowed.drainPermits();
            var done = new ArrayList<Future<?>>();
            for (int i = 0; i < appenders; i++) {
                done.add(threads.submit(() -> appendAgainAndAgain(log)));
            }

            try {
                int durable = 0;
                for (int force = 0; force < 4; force++) {
                    storage.begun.acquire();
                    awaitSize(log, durable + appenders);
                    durable = (int) (storage.length() - Frames.MAGIC.size()) / FRAME;
                    storage.allowed.release();
                }
            } finally {
                storage.allowed.release(1_000);
            }

            for (var each : done) {
                each.get();
            }
            assertThat(log.size()).isEqualTo(5 * appenders);
        }
    }

    private static Void appendAgainAndAgain(HashLog log) throws Exception {
        for (int i = 0; i < 5; i++) {
            log.sync(log.append(RECORD));
        }
        return null;
    }

    private static void awaitSize(HashLog log, int size) throws InterruptedException {
        while (log.size() < size) {
            if (Thread.interrupted()) {
                throw new InterruptedException(log.size() + " of " + size + " have queued");
            }
            Thread.onSpinWait();
        }
    }

    @Test
    void a_record_is_read_where_it_stands_and_in_its_place_in_the_chain() throws Exception {
        var storage = new MemoryStorage();
        var records = new ArrayList<ByteString>();
        try (var log = HashLog.open(storage, (_, _, _) -> {})) {
            for (int i = 0; i < 200; i++) {
                records.add(Bytes32.keccak("record " + i).bytes().substring(0, 1 + i % 32));
                log.sync(log.append(records.get(i)));
            }

            for (int i = 0; i < 200; i++) {
                assertThat(log.read(i)).isEqualTo(records.get(i));
            }
        }
        var replayed = new ArrayList<ByteString>();
        HashLog.open(
                storage,
                (index, _, record) -> {
                    assertThat(index).isEqualTo(replayed.size());
                    replayed.add(record);
                });
        assertThat(replayed).isEqualTo(records);
    }

    @Test
    void a_record_that_changed_on_the_disk_is_not_read() throws Exception {
        var storage = new MemoryStorage();
        try (var log = HashLog.open(storage, (_, _, _) -> {})) {
            log.sync(log.append(RECORD));
            log.sync(log.append(RECORD));
            var file = new byte[(int) storage.length()];
            storage.read(0, file);
            file[file.length - 1] ^= 1;
            storage.truncate(0);
            storage.append(file);

            assertThat(log.read(0)).isEqualTo(RECORD);
            assertThatThrownBy(() -> log.read(1)).hasMessageContaining("hash: does not fit");
        }
    }

    @Test
    void a_record_has_one_byte_to_a_mebibyte() throws Exception {
        var most = ByteString.copyFrom(new byte[Frames.RECORD_BYTES_MAX]);
        try (var log = HashLog.open(new MemoryStorage(), (_, _, _) -> {})) {
            log.sync(log.append(most));

            assertThat(log.read(0)).isEqualTo(most);
            for (var bad :
                    List.of(ByteString.EMPTY, most.concat(ByteString.copyFrom(new byte[1])))) {
                assertThatThrownBy(() -> log.append(bad))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessage("a record of " + bad.size() + " bytes");
            }
        }
    }
}
