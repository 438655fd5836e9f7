package tensorlink.node;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tensorlink.compute.Engine;
import tensorlink.compute.Speed;
import tensorlink.compute.torch.SpeedTrial;

/**
 * How fast this machine computes: measured once, then kept in a file of the node's, and for other
 * nodes of this process. Removing the file has it measured again.
 */
final class Speeds {
    private static final Logger log = LoggerFactory.getLogger(Speeds.class);
    private static final int WORDS = 8;
    private static final ConcurrentMap<String, Speed> MEASURED = new ConcurrentHashMap<>();

    private Speeds() {}

    static Speed of(Engine engine, int threads, Path file)
            throws IOException, InterruptedException {
        var conditions = engine.profile().id().hex() + " " + threads;
        var known = MEASURED.get(conditions);
        if (known == null) {
            known = read(conditions, file);
        }
        if (known == null) {
            known = SpeedTrial.run(engine, threads);
            Files.createDirectories(file.toAbsolutePath().getParent());
            Files.writeString(
                    file,
                    conditions
                            + " "
                            + known.forward()
                            + " "
                            + known.backward()
                            + " "
                            + known.step()
                            + " "
                            + known.memory()
                            + " "
                            + known.forwardLayer()
                            + " "
                            + known.backwardLayer()
                            + "\n");
        }
        MEASURED.put(conditions, known);
        return known;
    }

    /** What was measured under {@code conditions}; null when nothing was, or it is unreadable. */
    private static @Nullable Speed read(String conditions, Path file) throws IOException {
        if (!Files.exists(file)) {
            return null;
        }
        var words = Files.readString(file).strip().split(" ", -1);
        if (words.length != WORDS || !conditions.equals(words[0] + " " + words[1])) {
            return null;
        }
        try {
            return new Speed(
                    Double.parseDouble(words[2]),
                    Double.parseDouble(words[3]),
                    Double.parseDouble(words[4]),
                    Double.parseDouble(words[5]),
                    Double.parseDouble(words[6]),
                    Double.parseDouble(words[7]));
        } catch (IllegalArgumentException unreadable) {
            log.warn("{} is unreadable, measured again: {}", file, unreadable.getMessage());
            return null;
        }
    }
}
