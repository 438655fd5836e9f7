package tensorlink.node;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Set;
import tensorlink.ledger.AccountKey;
import tensorlink.ledger.Keystore;

/**
 * The account's key of a node that starts without being asked for a password: a keystore, and
 * beside it, for the owner alone, the random password that opens it. Whoever wants a password of
 * their own replaces the two by a keystore made elsewhere.
 */
final class AccountFile {
    private static final String KEYSTORE = "account.json";
    private static final String PASSWORD = "account.password";
    private static final int PASSWORD_BYTES = 32;
    private static final int PASSWORD_FILE_BYTES_MAX = 1_024;
    private static final Set<PosixFilePermission> OWNER_ONLY =
            PosixFilePermissions.fromString("rw-------");

    private AccountFile() {}

    /** Whether there is an account in {@code folder}, usable or not. */
    static boolean isIn(Path folder) {
        return Files.exists(folder.resolve(KEYSTORE));
    }

    /**
     * Reads the account in {@code folder}, or makes one. An account that is there is never
     * replaced.
     *
     * @throws IOException an {@link IdentityException} or {@link
     *     tensorlink.ledger.KeystoreException} when others may read it, or it is damaged or
     *     incomplete
     */
    static AccountKey loadOrCreate(Path folder) throws IOException {
        var keystore = new Keystore(folder.resolve(KEYSTORE));
        var password = folder.resolve(PASSWORD);
        if (!Files.exists(keystore.file())) {
            create(keystore, password, AccountKey.generate(new SecureRandom()));
        }
        var characters = read(password);
        try {
            return keystore.open(characters);
        } finally {
            Arrays.fill(characters, ' ');
        }
    }

    /**
     * Makes {@code key} the account in {@code folder}, which has none.
     *
     * @throws java.nio.file.FileAlreadyExistsException when it has one
     */
    static void store(Path folder, AccountKey key) throws IOException {
        var keystore = new Keystore(folder.resolve(KEYSTORE));
        if (Files.exists(keystore.file())) {
            throw new FileAlreadyExistsException(keystore.file().toString());
        }
        create(keystore, folder.resolve(PASSWORD), key);
    }

    private static char[] read(Path password) throws IOException {
        if (!Files.isRegularFile(password)) {
            throw new IdentityException(
                    password, "is missing: without it the account cannot be opened; restore it");
        }
        if (isPosix(password)) {
            var permissions = Files.getPosixFilePermissions(password);
            if (!OWNER_ONLY.containsAll(permissions)) {
                throw new IdentityException(
                        password,
                        "has mode "
                                + PosixFilePermissions.toString(permissions)
                                + ", expected rw------- (chmod 600)");
            }
        }
        try (var in = Files.newInputStream(password)) {
            var text = in.readNBytes(PASSWORD_FILE_BYTES_MAX + 1);
            if (text.length > PASSWORD_FILE_BYTES_MAX) {
                throw new IdentityException(
                        password, "has more than " + PASSWORD_FILE_BYTES_MAX + " bytes");
            }
            return new String(text, StandardCharsets.UTF_8).strip().toCharArray();
        }
    }

    private static void create(Keystore keystore, Path password, AccountKey key)
            throws IOException {
        var random = new SecureRandom();
        var bytes = new byte[PASSWORD_BYTES];
        random.nextBytes(bytes);
        var characters = HexFormat.of().formatHex(bytes).toCharArray();
        Files.createDirectories(password.toAbsolutePath().getParent());
        write(password, new String(characters) + "\n");
        // The password cannot be guessed, so a costly derivation would only slow every start.
        keystore.create(key, characters, Keystore.Cost.LIGHT, random);
        Arrays.fill(characters, ' ');
    }

    /** On disk before the keystore is: a keystore without its password is an account lost. */
    private static void write(Path password, String text) throws IOException {
        Files.deleteIfExists(password);
        var ownerOnly =
                isPosix(password)
                        ? new FileAttribute<?>[] {PosixFilePermissions.asFileAttribute(OWNER_ONLY)}
                        : new FileAttribute<?>[0];
        var options = Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        try (var file = FileChannel.open(password, options, ownerOnly)) {
            file.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII)));
            file.force(true);
        }
    }

    private static boolean isPosix(Path path) {
        return path.getFileSystem().supportedFileAttributeViews().contains("posix");
    }
}
