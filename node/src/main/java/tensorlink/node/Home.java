package tensorlink.node;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The folder in which a node keeps what must survive a restart.
 *
 * @param temporary whether the folder is deleted when the node stops
 */
public record Home(Path folder, boolean temporary) {

    /** A folder that stays. */
    public static Home at(Path folder) {
        return new Home(folder.toAbsolutePath().normalize(), false);
    }

    /** A fresh folder that is deleted when its node stops. */
    public static Home fresh() throws IOException {
        return new Home(Files.createTempDirectory("tensorlink-"), true);
    }

    /** The folder of this machine's user, by the XDG convention. */
    public static Home ofUser(Map<String, String> environment, Path userHome) {
        var data = environment.get("XDG_DATA_HOME");
        var base =
                // The convention says to ignore a relative path.
                data == null || !Path.of(data).isAbsolute()
                        ? userHome.resolve(".local").resolve("share")
                        : Path.of(data);
        return at(base.resolve("tensorlink"));
    }

    Path identity() {
        return folder.resolve("identity");
    }

    Path jobs() {
        return folder.resolve("jobs");
    }

    Path work() {
        return folder.resolve("work");
    }

    Path ledger() {
        return folder.resolve("ledger");
    }

    /** The models imported here, a folder each. */
    public Path models() {
        return folder.resolve("models");
    }

    /** The kernels fetched here, and which are chosen. */
    public Path runtimes() {
        return folder.resolve("runtimes");
    }

    /** What this node knows of the network that it is part of. */
    public Path network() {
        return folder.resolve("network");
    }

    /** Whom it knew in the network of this name, and the records it held. */
    Path dht(String network) {
        return folder.resolve("dht").resolve(network);
    }

    /** What a running node holds a lock on. */
    Path lockFile() {
        return folder.resolve("lock");
    }

    /** Folders made for a home are for its owner alone, where the file system knows owners. */
    static FileAttribute<?>[] ownerOnlyFolder(Path folder) {
        return folder.getFileSystem().supportedFileAttributeViews().contains("posix")
                ? new FileAttribute<?>[] {
                    PosixFilePermissions.asFileAttribute(
                            PosixFilePermissions.fromString("rwx------"))
                }
                : new FileAttribute<?>[0];
    }

    /** Where the running node says how this machine's commands reach it. */
    public Path apiFile() {
        return folder.resolve("api.json");
    }

    /** Deletes a temporary folder; leaves any other. */
    void release() throws IOException {
        if (temporary) {
            delete(folder);
        }
    }

    /** Deletes a folder with all that is in it, if it is there. */
    public static void delete(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        Files.walkFileTree(
                folder,
                new SimpleFileVisitor<>() {
                    @Override
                    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
                            throws IOException {
                        Files.delete(file);
                        return FileVisitResult.CONTINUE;
                    }

                    @Override
                    public FileVisitResult postVisitDirectory(
                            Path directory, @Nullable IOException failed) throws IOException {
                        if (failed != null) {
                            throw failed;
                        }
                        Files.delete(directory);
                        return FileVisitResult.CONTINUE;
                    }
                });
    }
}
