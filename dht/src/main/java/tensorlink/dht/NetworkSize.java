package tensorlink.dht;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.concurrent.locks.ReentrantLock;

/**
 * How many servers the network has, judged by how densely they lie around random keys. The median
 * of several places counts, so that whoever crowds one place changes nothing. Safe for use by any
 * thread.
 */
final class NetworkSize {
    private static final int SAMPLES_MAX = 32;

    private final ReentrantLock lock = new ReentrantLock();
    private final ArrayDeque<Double> samples = new ArrayDeque<>();

    /** Notes what {@link Lookup#density} of a random key was. */
    void sample(double density) {
        lock.lock();
        try {
            samples.add(density);
            if (samples.size() > SAMPLES_MAX) {
                samples.remove();
            }
        } finally {
            lock.unlock();
        }
    }

    /** Servers in the network; 0 when nothing is known or there are only a few. */
    double estimate() {
        lock.lock();
        try {
            if (samples.isEmpty()) {
                return 0;
            }
            var sorted = new ArrayList<>(samples);
            Collections.sort(sorted);
            return sorted.get(sorted.size() / 2);
        } finally {
            lock.unlock();
        }
    }
}
