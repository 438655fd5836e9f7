package tensorlink.dht;

import com.google.protobuf.ByteString;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Announces again and again what this node has announced once, because those who were told forget
 * or leave, and others are closest then. Safe for use by any thread.
 */
final class Publisher {
    private static final Logger log = LoggerFactory.getLogger(Publisher.class);

    private final DhtConfig config;
    private final Background background;

    private final ReentrantLock lock = new ReentrantLock();
    private final Map<Publication, Background.Job> jobs = new HashMap<>();

    Publisher(DhtConfig config, Background background) {
        this.config = config;
        this.background = background;
    }

    /**
     * Announces at every {@code interval} from now on, on a thread of its own, until {@code
     * publication} is repeated otherwise, withdrawn or refused.
     *
     * @param told how many peers have just been told; when there are none it tries again soon
     */
    void repeat(Publication publication, Duration interval, int told, Announcement announcement) {
        lock.lock();
        try {
            var before =
                    jobs.put(
                            publication,
                            background.start(
                                    "kad publish", () -> keepUp(told, interval, announcement)));
            if (before != null) {
                before.stop();
            }
        } finally {
            lock.unlock();
        }
    }

    /** Announces {@code publication} no longer. */
    void withdraw(Publication publication) {
        lock.lock();
        try {
            var job = jobs.remove(publication);
            if (job != null) {
                job.stop();
            }
        } finally {
            lock.unlock();
        }
    }

    private void keepUp(int toldAtFirst, Duration interval, Announcement announcement)
            throws InterruptedException {
        var retries = new Backoff(config.intervals().rejoinMin(), config.intervals().rejoinMax());
        int told = toldAtFirst;
        try {
            while (true) {
                if (told > 0) {
                    retries.reset();
                }
                config.scheduler().sleep(config.spread(told > 0 ? interval : retries.next()));
                told = announcement.announce();
            }
        } catch (RecordRefusedException over) {
            log.debug("announced no longer: {}", over.getMessage());
        }
    }

    /** Tells others once. */
    interface Announcement {
        /**
         * Tells them.
         *
         * @return how many peers were told
         * @throws RecordRefusedException when this is not to be announced any more
         */
        int announce() throws RecordRefusedException, InterruptedException;
    }

    /** What is announced; publishing an equal one replaces it. */
    sealed interface Publication {
        record Provided(Key key) implements Publication {}

        record Stored(ByteString key) implements Publication {}
    }
}
