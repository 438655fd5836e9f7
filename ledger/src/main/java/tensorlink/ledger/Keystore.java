package tensorlink.ledger;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.random.RandomGenerator;

/**
 * An {@link AccountKey} in a file that a password opens: Ethereum's keystore V3, as other wallets
 * write and read it.
 *
 * <p>The file is for its owner alone: it is created with mode 0600 and refused with a wider one.
 * How much work it may ask for before it opens is checked before any of it is done. Passwords are
 * encoded as UTF-8; their arrays stay the caller's, to be wiped.
 */
public record Keystore(Path file) {
    private static final int FILE_BYTES_MAX = 64 << 10;
    private static final Set<PosixFilePermission> OWNER_ONLY =
            PosixFilePermissions.fromString("rw-------");

    /** How much work a guess at the password costs. */
    public enum Cost {
        /** scrypt with n = 2<sup>18</sup>, r = 8, p = 1: about a second and 256 MiB. For money. */
        STANDARD(1 << 18),

        /** scrypt with n = 2<sup>12</sup>: 4 MiB. For tests, and keys to nothing of value. */
        LIGHT(1 << 12);

        private final int n;

        Cost(int n) {
            this.n = n;
        }

        int n() {
            return n;
        }
    }

    /**
     * Writes {@code key} under {@code password}. The file appears complete or not at all.
     *
     * @param random of salt and initialization vector: a {@link java.security.SecureRandom} but in
     *     tests
     * @throws FileAlreadyExistsException when there is a file already: it may be somebody's money
     */
    public void create(AccountKey key, char[] password, Cost cost, RandomGenerator random)
            throws IOException {
        var sealed = SealedSecret.seal(key.secret(), password, cost, random);
        var id = UUID.nameUUIDFromBytes(sealed.iv().toByteArray());
        write(new KeystoreJson(Optional.of(key.account()), sealed).format(id));
    }

    /**
     * Opens the file with {@code password}.
     *
     * @throws KeystoreException when others may read the file, when it is damaged or asks for too
     *     much work, or when the password is wrong
     */
    public AccountKey open(char[] password) throws IOException {
        if (!Files.isRegularFile(file)) {
            throw new KeystoreException(file, "is not a file");
        }
        refuseOtherReaders();
        try {
            var json = KeystoreJson.parse(text());
            var key = AccountKey.of(new Bytes32(json.secret().open(password)));
            if (json.account().filter(stated -> !stated.equals(key.account())).isPresent()) {
                throw new KeystoreException(
                        file, "says " + json.account().get() + " and holds " + key.account());
            }
            return key;
        } catch (IllegalArgumentException refused) {
            throw new KeystoreException(file, String.valueOf(refused.getMessage()), refused);
        }
    }

    private void refuseOtherReaders() throws IOException {
        if (!isPosix()) {
            return;
        }
        var permissions = Files.getPosixFilePermissions(file);
        if (!OWNER_ONLY.containsAll(permissions)) {
            throw new KeystoreException(
                    file,
                    "has mode "
                            + PosixFilePermissions.toString(permissions)
                            + ", expected rw-------: chmod 600");
        }
    }

    private byte[] text() throws IOException {
        try (var in = Files.newInputStream(file)) {
            var text = in.readNBytes(FILE_BYTES_MAX + 1);
            if (text.length > FILE_BYTES_MAX) {
                throw new KeystoreException(file, "has more than " + FILE_BYTES_MAX + " bytes");
            }
            return text;
        }
    }

    /** Writes beside the target and links the result into place, which fails if that is taken. */
    private void write(byte[] text) throws IOException {
        var target = file.toAbsolutePath();
        var folder = target.resolveSibling("");
        if (Files.exists(target)) {
            throw new FileAlreadyExistsException(file.toString());
        }
        Files.createDirectories(folder);
        var draft = Files.createTempFile(folder, ".key", ".tmp", ownerOnly());
        try {
            try (var channel = FileChannel.open(draft, StandardOpenOption.WRITE)) {
                var rest = ByteBuffer.wrap(text);
                while (rest.hasRemaining()) {
                    channel.write(rest);
                }
                channel.force(true);
            }
            Files.createLink(target, draft);
        } finally {
            Files.delete(draft);
        }
        if (isPosix()) {
            try (var channel = FileChannel.open(folder, StandardOpenOption.READ)) {
                channel.force(true);
            }
        }
    }

    private FileAttribute<?>[] ownerOnly() {
        return isPosix()
                ? new FileAttribute<?>[] {PosixFilePermissions.asFileAttribute(OWNER_ONLY)}
                : new FileAttribute<?>[0];
    }

    private boolean isPosix() {
        return file.getFileSystem().supportedFileAttributeViews().contains("posix");
    }
}
