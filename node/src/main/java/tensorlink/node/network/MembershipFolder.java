package tensorlink.node.network;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import tensorlink.p2p.peer.PreSharedKey;

/**
 * Where a node keeps its {@link Membership}: the founder's description, the key as a {@code
 * swarm.key} like other libp2p programs have, and the invitation. The description is written last
 * and deleted first, so half a membership is none.
 */
public record MembershipFolder(Path folder) {
    private static final String DESCRIPTOR = "descriptor";
    private static final String KEY = "swarm.key";
    private static final String INVITATION = "invitation";

    /** A first line that says what the file is; the number is the version of the rest. */
    private static final String HEADER_START = "tensorlink network ";

    private static final String HEADER = HEADER_START + "1\n";
    private static final Set<PosixFilePermission> OWNER_ONLY =
            PosixFilePermissions.fromString("rw-------");

    /**
     * Reads the membership.
     *
     * @return empty when there is none
     * @throws IOException a {@link NetworkException} when a file is damaged, of a newer version, or
     *     open to others, or when the key is missing or wrong
     */
    public Optional<Membership> load() throws IOException {
        var file = folder.resolve(DESCRIPTOR);
        var bytes = read(file, HEADER.length() + Descriptor.BYTES_MAX);
        if (bytes.isEmpty()) {
            return Optional.empty();
        }
        try {
            return Optional.of(
                    new Membership(
                            Descriptor.decode(body(bytes.get())), loadKey(), loadInvitation()));
        } catch (NetworkException wrong) {
            throw new NetworkException(folder + ": " + wrong.getMessage(), wrong);
        } catch (IllegalArgumentException wrong) {
            throw new NetworkException(folder + ": " + wrong.getMessage(), wrong);
        }
    }

    /**
     * Reads the description of a network that {@link #publish} has written.
     *
     * @throws IOException a {@link NetworkException} when it is damaged or not signed
     */
    public static Descriptor published(Path file) throws IOException {
        var bytes =
                read(file, HEADER.length() + Descriptor.BYTES_MAX)
                        .orElseThrow(() -> new NetworkException(file + " does not exist"));
        try {
            return Descriptor.decode(body(bytes));
        } catch (NetworkException wrong) {
            throw new NetworkException(file + ": " + wrong.getMessage(), wrong);
        }
    }

    /** Writes the description of a network to a file that can be given to anybody. */
    public static void publish(Descriptor network, Path file) throws IOException {
        Files.write(file, ByteString.copyFromUtf8(HEADER).concat(network.encode()).toByteArray());
    }

    private static ByteString body(ByteString bytes) throws NetworkException {
        var header = ByteString.copyFromUtf8(HEADER);
        if (bytes.startsWith(header)) {
            return bytes.substring(header.size());
        }
        throw new NetworkException(
                bytes.startsWith(ByteString.copyFromUtf8(HEADER_START))
                        ? DESCRIPTOR + " is of another version than 1, the one this program knows"
                        : DESCRIPTOR + " does not begin with \"" + HEADER.strip() + "\"");
    }

    private Optional<PreSharedKey> loadKey() throws IOException {
        var file = folder.resolve(KEY);
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        requireOwnerOnly(file);
        try {
            return Optional.of(PreSharedKey.load(file));
        } catch (IOException wrong) {
            throw new NetworkException(String.valueOf(wrong.getMessage()), wrong);
        }
    }

    private Optional<Invitation> loadInvitation() throws IOException {
        var file = folder.resolve(INVITATION);
        var bytes = read(file, 2 * Invitation.TEXT_LENGTH_MAX);
        if (bytes.isEmpty()) {
            return Optional.empty();
        }
        requireOwnerOnly(file);
        return Optional.of(Invitation.parse(bytes.get().toStringUtf8()));
    }

    private static void requireOwnerOnly(Path file) throws IOException {
        if (isPosix(file)) {
            var permissions = Files.getPosixFilePermissions(file);
            if (!OWNER_ONLY.containsAll(permissions)) {
                throw new NetworkException(
                        file
                                + " has mode "
                                + PosixFilePermissions.toString(permissions)
                                + ", expected rw------- (chmod 600)");
            }
        }
    }

    private static Optional<ByteString> read(Path file, int bytesMax) throws IOException {
        try (var in = Files.newInputStream(file)) {
            var bytes = in.readNBytes(bytesMax + 1);
            if (bytes.length > bytesMax) {
                throw new NetworkException(file + " has more than " + bytesMax + " bytes");
            }
            return Optional.of(ByteString.copyFrom(bytes));
        } catch (NoSuchFileException none) {
            return Optional.empty();
        }
    }

    /** Keeps {@code membership} in place of what is there. */
    public void save(Membership membership) throws IOException {
        Files.createDirectories(folder);
        Files.deleteIfExists(folder.resolve(DESCRIPTOR));
        write(KEY, membership.key().map(PreSharedKey::text));
        write(INVITATION, membership.invitation().map(it -> it.text() + "\n"));
        write(
                folder.resolve(DESCRIPTOR),
                ByteString.copyFromUtf8(HEADER).concat(membership.network().encode()));
    }

    /** Forgets the membership; what else lies in the folder stays. */
    public void delete() throws IOException {
        for (var name : List.of(DESCRIPTOR, INVITATION, KEY)) {
            Files.deleteIfExists(folder.resolve(name));
        }
    }

    private void write(String name, Optional<String> text) throws IOException {
        if (text.isPresent()) {
            write(folder.resolve(name), ByteString.copyFromUtf8(text.get()));
        } else {
            Files.deleteIfExists(folder.resolve(name));
        }
    }

    private static void write(Path file, ByteString content) throws IOException {
        var part = file.resolveSibling(file.getFileName() + ".part");
        Files.deleteIfExists(part);
        var ownerOnly =
                isPosix(file)
                        ? new FileAttribute<?>[] {PosixFilePermissions.asFileAttribute(OWNER_ONLY)}
                        : new FileAttribute<?>[0];
        var options = Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        try (var channel = FileChannel.open(part, options, ownerOnly)) {
            ByteBuffer bytes = content.asReadOnlyByteBuffer();
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            channel.force(true);
        }
        Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    private static boolean isPosix(Path path) {
        return path.getFileSystem().supportedFileAttributeViews().contains("posix");
    }
}
