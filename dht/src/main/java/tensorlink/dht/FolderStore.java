package tensorlink.dht;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import tensorlink.p2p.multiformats.Sha256;

/**
 * A file for each name: the SHA-256 of the content, then the content. A new file takes the place of
 * the old one only when all of it is on the disk.
 */
final class FolderStore implements DhtStore {
    private static final int DIGEST_BYTES = 32;

    private final Path folder;

    FolderStore(Path folder) {
        this.folder = folder;
    }

    @Override
    public Optional<ByteString> load(String name, int bytesMax) throws IOException {
        var file = folder.resolve(name);
        try (var in = Files.newInputStream(file)) {
            long limit = (long) DIGEST_BYTES + bytesMax;
            var bytes = ByteString.copyFrom(in.readNBytes(Math.toIntExact(limit + 1)));
            if (bytes.size() > limit) {
                throw new IOException(file + " has more than " + limit + " bytes");
            }
            if (bytes.size() < DIGEST_BYTES) {
                throw new IOException(file + " is cut off");
            }
            var content = bytes.substring(DIGEST_BYTES);
            if (!Sha256.of(content).equals(bytes.substring(0, DIGEST_BYTES))) {
                throw new IOException(file + " is damaged: its digest differs");
            }
            return Optional.of(content);
        } catch (NoSuchFileException none) {
            return Optional.empty();
        }
    }

    @Override
    public void save(String name, ByteString content) throws IOException {
        Files.createDirectories(folder);
        var part = folder.resolve(name + ".part");
        try (var channel =
                FileChannel.open(
                        part,
                        StandardOpenOption.CREATE,
                        StandardOpenOption.WRITE,
                        StandardOpenOption.TRUNCATE_EXISTING)) {
            var bytes = Sha256.of(content).concat(content).asReadOnlyByteBuffer();
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            channel.force(true);
        }
        Files.move(
                part,
                folder.resolve(name),
                StandardCopyOption.ATOMIC_MOVE,
                StandardCopyOption.REPLACE_EXISTING);
    }
}
