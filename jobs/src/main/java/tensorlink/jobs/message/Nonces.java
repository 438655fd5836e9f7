package tensorlink.jobs.message;

import com.google.protobuf.ByteString;
import java.time.Instant;
import java.util.Comparator;
import java.util.HashSet;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;

/** The nonces of messages that are still valid, so that none is accepted twice. Thread-safe. */
final class Nonces {
    private record Used(ByteString nonce, Instant until) {}

    private final int countMax;
    private final ReentrantLock lock = new ReentrantLock();
    private final Set<ByteString> used = new HashSet<>();
    private final PriorityQueue<Used> byExpiry =
            new PriorityQueue<>(Comparator.comparing(Used::until));

    Nonces(int countMax) {
        this.countMax = countMax;
    }

    /**
     * Marks {@code nonce} as used until its message expires.
     *
     * @throws SealException when it is used already, or more messages are valid than are remembered
     */
    void use(ByteString nonce, Instant until, Instant now) throws SealException {
        lock.lock();
        try {
            for (var oldest = byExpiry.peek();
                    oldest != null && oldest.until().isBefore(now);
                    oldest = byExpiry.peek()) {
                byExpiry.remove();
                used.remove(oldest.nonce());
            }
            if (used.contains(nonce)) {
                throw new SealException("message repeated: its nonce was used before");
            }
            if (used.size() >= countMax) {
                throw new SealException(
                        "too many messages at once: " + countMax + " are remembered");
            }
            used.add(nonce);
            byExpiry.add(new Used(nonce, until));
        } finally {
            lock.unlock();
        }
    }
}
