package tensorlink.node.hub;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tensorlink.compute.format.JoinedWeights;
import tensorlink.compute.format.Safetensors;
import tensorlink.compute.format.Weights;
import tensorlink.compute.tensor.Shape;
import tensorlink.compute.tensor.TensorSpec;
import tensorlink.jobs.job.Publication;
import tensorlink.jobs.weights.PublishedWeights;
import tensorlink.p2p.core.Scheduler;

/**
 * Fetches parts of models from a hub: of each safetensors file that has a wanted tensor the header,
 * and the ranges of the wanted tensors, neighbours in one.
 *
 * <p>What users name is asked for without a token, at one hub. A hub's digests are of whole files:
 * of a part none can be checked, so whoever wants to know what the bytes are needs digests of
 * tensors. What is here of a model lies in a folder of its own until it is closed; of what failed
 * one folder stays, until another model is fetched.
 */
public final class HubParts implements PublishedWeights {
    /** The most bytes of a model's headers together. */
    static final long HEADERS_BYTES_MAX = 16 << 20;

    static final int PIECE_BYTES = 256 << 10;

    private static final Logger log = LoggerFactory.getLogger(HubParts.class);

    private final URI endpoint;
    private final Path folder;
    private final Duration silenceMax;
    private final Scheduler scheduler;
    private final Set<Path> inUse = new HashSet<>();
    private final ReentrantLock lock = new ReentrantLock();

    /**
     * @param endpoint scheme, host and port of the hub
     * @param folder for what is fetched, and nothing else
     * @param silenceMax the longest to wait for the hub's answer, and then for its next bytes
     */
    public HubParts(URI endpoint, Path folder, Duration silenceMax, Scheduler scheduler) {
        HubHttp.requireWeb("hub", endpoint);
        this.endpoint = endpoint;
        this.folder = folder;
        this.silenceMax = silenceMax;
        this.scheduler = scheduler;
    }

    /**
     * Reads the address of a hub.
     *
     * @throws IllegalArgumentException unless it is https://HOST or http://HOST
     */
    public static URI endpoint(String text) {
        var endpoint = URI.create(text);
        HubHttp.requireWeb("hub", endpoint);
        return endpoint;
    }

    @Override
    public Weights fetch(Publication from, Map<String, Shape> shapes, Watch watch)
            throws IOException, InterruptedException {
        var mine = folder.resolve(from.owner() + "--" + from.name() + "-" + from.commit());
        claim(mine);
        try {
            return new Fetched(mine, new Fetching(from, mine, shapes, watch).run());
        } catch (IOException | InterruptedException | RuntimeException failed) {
            free(mine);
            throw failed;
        }
    }

    /** Takes a folder, and deletes those that nobody uses. */
    private void claim(Path mine) throws IOException {
        lock.lock();
        try {
            if (!inUse.add(mine)) {
                throw new HubException(
                        String.valueOf(mine.getFileName()), "is being fetched for another job");
            }
            Files.createDirectories(mine);
            try (var others = Files.newDirectoryStream(folder)) {
                for (var other : others) {
                    if (!inUse.contains(other)) {
                        delete(other);
                    }
                }
            }
        } catch (IOException failed) {
            inUse.remove(mine);
            throw failed;
        } finally {
            lock.unlock();
        }
    }

    /** Deletes a folder of files. */
    private static void delete(Path fetched) throws IOException {
        if (Files.isDirectory(fetched, LinkOption.NOFOLLOW_LINKS)) {
            try (var files = Files.newDirectoryStream(fetched)) {
                for (var file : files) {
                    Files.delete(file);
                }
            }
        }
        Files.delete(fetched);
    }

    private void free(Path mine) {
        lock.lock();
        try {
            inUse.remove(mine);
        } finally {
            lock.unlock();
        }
    }

    /** One fetch of one model's parts. */
    private final class Fetching {
        private final HubName name;
        private final Path mine;
        private final Map<String, Shape> shapes;
        private final Watch watch;
        private long bytes;
        private long headerBytes;

        Fetching(Publication from, Path mine, Map<String, Shape> shapes, Watch watch) {
            this.name = new HubName(from.owner(), from.name(), from.commit());
            this.mine = mine;
            this.shapes = shapes;
            this.watch = watch;
        }

        Weights run() throws IOException, InterruptedException {
            try (var http = new HubHttp(endpoint, Optional.empty(), silenceMax)) {
                var download =
                        new Download(http, scheduler, PIECE_BYTES, silenceMax, (_, _, _) -> {});
                var listing = HubListing.ask(name, http, download);
                if (!listing.commit().equals(name.revision())) {
                    throw new HubException(
                            name + " listing",
                            "sha: " + listing.commit() + ", asked for was " + name.revision());
                }
                var parts = new ArrayList<Weights>();
                for (var needed : filesNeeded(listing, download)) {
                    var file =
                            listing.file(needed)
                                    .orElseThrow(() ->
                                            new HubException(
                                                    name.toString(), "lists no " + needed));
                    parts.add(
                            part(
                                    PartialFile.open(
                                            download, listing.path(name, file), file, mine),
                                    file));
                }
                return new JoinedWeights(parts);
            }
        }

        private Set<String> filesNeeded(HubListing listing, Download download)
                throws IOException, InterruptedException {
            if (listing.file(Safetensors.SINGLE).isPresent()) {
                return Set.of(Safetensors.SINGLE);
            }
            var index =
                    listing.file(Safetensors.INDEX)
                            .orElseThrow(() ->
                                    new HubException(
                                            name.toString(), "lists no " + Safetensors.INDEX));
            download.fetch(listing.path(name, index), index, mine); // its digest is checked
            var needed = new TreeSet<String>();
            Safetensors.index(mine)
                    .forEach((tensor, file) -> {
                        if (shapes.containsKey(tensor)) {
                            needed.add(file);
                        }
                    });
            return needed;
        }

        private Weights part(PartialFile partial, HubFile file)
                throws IOException, InterruptedException {
            long dataStart = header(partial, file);
            var wanted = new HashMap<String, TensorSpec>();
            long at = dataStart;
            long from = dataStart;
            long end = dataStart;
            for (var tensor : Safetensors.open(partial.path()).tensors()) {
                if (tensor.shape().equals(shapes.get(tensor.name()))) {
                    wanted.put(tensor.name(), tensor);
                    if (at > end) {
                        need(partial, from, end);
                        from = at;
                    }
                    end = at + tensor.byteSize();
                }
                at += tensor.byteSize();
            }
            need(partial, from, end);
            return new Chosen(Safetensors.open(partial.path()), wanted);
        }

        /** Has the header here; returns where the tensors begin, which lie in its order. */
        private long header(PartialFile partial, HubFile file)
                throws IOException, InterruptedException {
            if (file.size() < Long.BYTES) {
                throw new HubException(file.name(), file.size() + " bytes, too short for weights");
            }
            need(partial, 0, Long.BYTES);
            var prefix = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
            try (var in = FileChannel.open(partial.path(), StandardOpenOption.READ)) {
                in.read(prefix, 0);
            }
            long length = prefix.getLong(0);
            long most = Math.min(file.size() - Long.BYTES, HEADERS_BYTES_MAX - headerBytes);
            if (length < 2 || length > most) {
                throw new HubException(
                        file.name(),
                        "header of "
                                + Long.toUnsignedString(length)
                                + " bytes, expected 2 to "
                                + most);
            }
            headerBytes += length;
            need(partial, Long.BYTES, Long.BYTES + length);
            return Long.BYTES + length;
        }

        private void need(PartialFile partial, long from, long end)
                throws IOException, InterruptedException {
            if (from < end) {
                long before = bytes;
                partial.need(from, end, more -> watch.came(before + more));
                bytes = before + end - from;
            }
        }
    }

    /** The tensors that are not holes. */
    private record Chosen(Weights file, Map<String, TensorSpec> wanted) implements Weights {
        @Override
        public List<TensorSpec> tensors() {
            return file.tensors().stream()
                    .filter(tensor -> wanted.containsKey(tensor.name()))
                    .toList();
        }

        @Override
        public void read(String name, long offset, MemorySegment target)
                throws IOException, InterruptedException {
            if (!wanted.containsKey(name)) {
                throw new IllegalArgumentException("no tensor " + name);
            }
            file.read(name, offset, target);
        }
    }

    /** What was fetched, until it is closed. */
    private final class Fetched implements Weights {
        private final Path mine;
        private final Weights parts;

        Fetched(Path mine, Weights parts) {
            this.mine = mine;
            this.parts = parts;
        }

        @Override
        public List<TensorSpec> tensors() {
            return parts.tensors();
        }

        @Override
        public void read(String name, long offset, MemorySegment target)
                throws IOException, InterruptedException {
            parts.read(name, offset, target);
        }

        @Override
        public void close() {
            parts.close();
            try {
                delete(mine);
            } catch (IOException left) {
                log.warn("{} is not deleted: {}", mine, left.getMessage());
            } finally {
                free(mine);
            }
        }
    }
}
