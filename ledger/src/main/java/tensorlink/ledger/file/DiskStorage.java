package tensorlink.ledger.file;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import tensorlink.ledger.LedgerException;

/**
 * The file {@code ledger.log} in a directory that this process alone may use.
 *
 * <p>Three traps shape it. An interrupt closes a {@code FileChannel} under every thread that uses
 * it, so the data goes through {@code RandomAccessFile}, which does not know interrupts. POSIX
 * drops a process's lock on a file when it closes any descriptor of it, so the lock sits on a file
 * of its own ({@code ledger.lock}), and an opener in the same process is refused by {@link #OPEN}
 * before it touches that file. And a new file is only there after a crash when its directory was
 * forced too.
 */
final class DiskStorage implements Storage {
    private static final String SNAPSHOT = "ledger.snapshot";

    /** The directories that this process has open, by real path. */
    private static final Set<Path> OPEN = ConcurrentHashMap.newKeySet();

    private final Path directory;
    private final Path file;
    private final FileChannel lockFile;
    private final RandomAccessFile writer;
    private final RandomAccessFile reader;
    private final ReentrantLock reading = new ReentrantLock();

    private DiskStorage(Path directory, Path file, FileChannel lockFile) throws IOException {
        this.directory = directory;
        this.file = file;
        this.lockFile = lockFile;
        this.writer = new RandomAccessFile(file.toFile(), "rw");
        this.reader = new RandomAccessFile(file.toFile(), "r");
        writer.seek(writer.length());
    }

    /**
     * Opens the log in {@code directory}, creating both when they are not there.
     *
     * @throws LedgerException when the directory is in use, by this process or another
     */
    static DiskStorage open(Path directory) throws IOException {
        Files.createDirectories(directory);
        var home = directory.toRealPath();
        if (!OPEN.add(home)) {
            throw inUse(home, "this process");
        }
        FileChannel lockFile = null;
        try {
            lockFile =
                    FileChannel.open(
                            home.resolve("ledger.lock"),
                            StandardOpenOption.CREATE,
                            StandardOpenOption.WRITE);
            lock(lockFile, home);
            var storage = new DiskStorage(home, home.resolve("ledger.log"), lockFile);
            force(home);
            return storage;
        } catch (IOException | RuntimeException e) {
            if (lockFile != null) {
                lockFile.close();
            }
            OPEN.remove(home);
            throw e;
        }
    }

    /** Holds the lock until the channel is closed or the process ends, however it ends. */
    private static void lock(FileChannel lockFile, Path home) throws IOException {
        FileLock lock;
        try {
            lock = lockFile.tryLock();
        } catch (OverlappingFileLockException otherLoader) {
            throw inUse(home, "this process");
        }
        if (lock == null) {
            throw inUse(home, "another process");
        }
    }

    private static LedgerException inUse(Path home, String by) {
        return new LedgerException("the ledger in " + home + " is in use by " + by);
    }

    /** Makes the names of new files in {@code directory} survive a loss of power. */
    private static void force(Path directory) throws IOException {
        if (!directory.getFileSystem().supportedFileAttributeViews().contains("posix")) {
            return; // elsewhere a directory cannot be opened, and need not be
        }
        try (var channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    @Override
    public String name() {
        return file.toString();
    }

    @Override
    public long length() throws IOException {
        return writer.length();
    }

    @Override
    public void read(long position, byte[] into) throws IOException {
        reading.lock();
        try {
            reader.seek(position);
            reader.readFully(into);
        } finally {
            reading.unlock();
        }
    }

    @Override
    public void append(byte[] bytes) throws IOException {
        writer.write(bytes);
    }

    @Override
    public void force() throws IOException {
        writer.getFD().sync();
    }

    @Override
    public void truncate(long length) throws IOException {
        writer.setLength(length);
        writer.seek(length);
    }

    @Override
    public ByteString snapshot() throws IOException {
        var kept = directory.resolve(SNAPSHOT);
        if (!Files.exists(kept)) {
            return ByteString.EMPTY;
        }
        try (var in = Files.newInputStream(kept)) {
            return ByteString.readFrom(in);
        }
    }

    @Override
    public void keep(ByteString snapshot) throws IOException {
        var written = directory.resolve(SNAPSHOT + ".new");
        try (var out = new RandomAccessFile(written.toFile(), "rw")) {
            out.setLength(0);
            out.write(snapshot.toByteArray());
            out.getFD().sync();
        }
        Files.move(written, directory.resolve(SNAPSHOT), StandardCopyOption.ATOMIC_MOVE);
        force(directory);
    }

    @Override
    public void close() throws IOException {
        try (lockFile;
                writer;
                reader) {
            // Closed in reverse: the lock goes last.
        } finally {
            OPEN.remove(directory);
        }
    }
}
