package tensorlink.jobs.weights;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.security.MessageDigest;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongConsumer;
import tensorlink.compute.Digest;
import tensorlink.compute.format.Weights;
import tensorlink.compute.tensor.TensorSpec;
import tensorlink.jobs.job.JobException;
import tensorlink.jobs.job.ProblemCode;
import tensorlink.jobs.message.Manifest;
import tensorlink.jobs.message.WeightsQuestion;

/**
 * A job's weights as a worker reads them from the user: each tensor from front to back, whose bytes
 * must hash to what the manifest says. The last read of a tensor whose bytes do not fails. Tensors
 * that are here already, and checked, are not asked for.
 *
 * <p>Safe for use by any thread; reads run one after another.
 */
public final class RemoteWeights implements Weights {
    private final WeightsClient client;
    private final Manifest manifest;
    private final Map<String, Manifest.Entry> entries;
    private final Weights here;
    private final Set<String> namesHere = new HashSet<>();
    private final Map<String, Reading> readings = new HashMap<>();
    private final LongConsumer progress;
    private final ReentrantLock lock = new ReentrantLock();
    private long bytesDone;

    private static final class Reading {
        final MessageDigest hash = Digest.sha256();
        long offset;
    }

    /**
     * @param here tensors of the manifest that need not come, checked already; left open
     * @param progress told how many bytes have been read in all, after each read
     */
    public RemoteWeights(
            WeightsClient client, Manifest manifest, Weights here, LongConsumer progress) {
        this.client = client;
        this.manifest = manifest;
        this.here = here;
        here.tensors().forEach(tensor -> namesHere.add(tensor.name()));
        this.entries = manifest.byName();
        this.progress = progress;
    }

    @Override
    public List<TensorSpec> tensors() {
        return manifest.tensors().stream().map(Manifest.Entry::tensor).toList();
    }

    @Override
    public void read(String name, long offset, MemorySegment target)
            throws IOException, InterruptedException {
        lock.lock();
        try {
            readNext(entry(name), offset, target);
        } finally {
            lock.unlock();
        }
    }

    private void readNext(Manifest.Entry entry, long offset, MemorySegment target)
            throws IOException, InterruptedException {
        var name = entry.tensor().name();
        if (namesHere.contains(name)) {
            here.read(name, offset, target);
        } else {
            readFromUser(entry, offset, target);
        }
        bytesDone += target.byteSize();
        progress.accept(bytesDone);
    }

    private void readFromUser(Manifest.Entry entry, long offset, MemorySegment target)
            throws IOException, InterruptedException {
        var name = entry.tensor().name();
        var reading = readings.computeIfAbsent(name, _ -> new Reading());
        if (offset != reading.offset) {
            throw new IllegalArgumentException(
                    name + " is read at " + offset + " after " + reading.offset);
        }
        client.read(WeightsQuestion.What.PARAMETER, name, offset, target);
        Digest.hash(reading.hash, target);
        reading.offset += target.byteSize();
        if (reading.offset == entry.tensor().byteSize()) {
            readings.remove(name);
            var actual = Digest.ofHash(reading.hash.digest());
            if (!actual.equals(entry.digest())) {
                throw new JobException(
                        ProblemCode.WEIGHTS,
                        "tensor " + name + " is not loaded",
                        "its bytes hash to " + actual + ", agreed was " + entry.digest(),
                        "the user's weights have changed, or the connection is not to be trusted");
            }
        }
    }

    @Override
    public void close() {
        client.close();
    }

    private Manifest.Entry entry(String name) {
        var entry = entries.get(name);
        if (entry == null) {
            throw new IllegalArgumentException("no tensor " + name);
        }
        return entry;
    }
}
