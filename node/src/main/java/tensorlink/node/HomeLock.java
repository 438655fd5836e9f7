package tensorlink.node;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * One node's hold on its home, until it is closed or the process ends, however it ends.
 *
 * <p>POSIX drops a process's lock on a file when the process closes any descriptor of it. So an
 * opener in this process is refused by {@link #HELD} before it touches the file.
 */
final class HomeLock implements AutoCloseable {
    private static final Set<Path> HELD = ConcurrentHashMap.newKeySet();
    private static final int OWNER_BYTES_MAX = 32;

    private final Path held;
    private final FileChannel file;

    private HomeLock(Path held, FileChannel file) {
        this.held = held;
        this.file = file;
    }

    /**
     * Takes hold of {@code home}, making its folder when there is none.
     *
     * @throws HomeInUseException when a node runs from it
     */
    static HomeLock take(Home home) throws IOException {
        try {
            Files.createDirectories(home.folder(), Home.ownerOnlyFolder(home.folder()));
        } catch (FileAlreadyExistsException other) {
            throw new NotDirectoryException(other.getFile());
        }
        var folder = home.folder().toRealPath();
        if (!HELD.add(folder)) {
            throw new HomeInUseException(home.folder(), "another node of this process");
        }
        boolean taken = false;
        try {
            var lock = new HomeLock(folder, lock(home));
            taken = true;
            return lock;
        } finally {
            if (!taken) {
                HELD.remove(folder);
            }
        }
    }

    private static FileChannel lock(Home home) throws IOException {
        var file =
                FileChannel.open(
                        home.lockFile(),
                        StandardOpenOption.CREATE,
                        StandardOpenOption.READ,
                        StandardOpenOption.WRITE);
        boolean locked = false;
        try {
            if (file.tryLock() == null) {
                throw new HomeInUseException(home.folder(), "process " + owner(file));
            }
            locked = true;
            file.truncate(0);
            file.write(
                    ByteBuffer.wrap(
                            Long.toString(ProcessHandle.current().pid())
                                    .getBytes(StandardCharsets.US_ASCII)));
            return file;
        } finally {
            if (!locked) {
                file.close();
            }
        }
    }

    private static String owner(FileChannel file) throws IOException {
        var text = ByteBuffer.allocate(OWNER_BYTES_MAX);
        int length = Math.max(0, file.read(text, 0));
        var owner = new String(text.array(), 0, length, StandardCharsets.US_ASCII);
        return owner.matches("\\d+") ? owner : "(unknown)";
    }

    @Override
    public void close() throws IOException {
        try {
            file.close();
        } finally {
            HELD.remove(held);
        }
    }
}
