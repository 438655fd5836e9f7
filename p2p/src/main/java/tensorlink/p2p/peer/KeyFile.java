package tensorlink.p2p.peer;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.security.SignatureException;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.Optional;
import java.util.Set;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.spec.IvParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.bouncycastle.crypto.generators.SCrypt;
import tensorlink.p2p.wire.SealedKey;
import tensorlink.p2p.wire.StoredKey;

/**
 * A file that holds one identity, so that a node keeps its peer id over restarts.
 *
 * <p>Only its owner may read it: it is created with mode 0600 and refused with any wider one. Under
 * a passphrase the key lies in a ChaCha20-Poly1305 box whose key comes from scrypt; the cost
 * parameters in the file are checked before they are used. The file appears complete or not at all,
 * and an existing one is never overwritten; only {@link #rotate} replaces it, and keeps the old
 * one.
 */
public final class KeyFile {
    private static final int FILE_BYTES_MAX = 64 * 1024;
    private static final int VERSION = 1;
    private static final String FIRST_LINE = "-----BEGIN TENSORLINK IDENTITY-----";
    private static final String LAST_LINE = "-----END TENSORLINK IDENTITY-----";
    private static final Set<PosixFilePermission> OWNER_ONLY =
            PosixFilePermissions.fromString("rw-------");

    private static final int SCRYPT_N = 1 << 15;
    private static final int SCRYPT_R = 8;
    private static final int SCRYPT_P = 1;
    private static final int SCRYPT_N_MIN = 1 << 12;
    private static final int SCRYPT_N_MAX = 1 << 18;
    private static final int SCRYPT_R_MAX = 8;
    private static final int SCRYPT_P_MAX = 8;
    private static final long SCRYPT_MEMORY_MAX = 256L << 20;
    private static final int SALT_BYTES = 32;
    private static final int SALT_BYTES_MAX = 1024;
    private static final int NONCE_BYTES = 12;

    private KeyFile() {}

    /**
     * Reads the identity at {@code path}, in clear, or makes a new one and writes it there.
     *
     * @throws KeyFileException when the file is readable by others, encrypted or damaged
     */
    public static KeyPair loadOrCreate(Path path) throws IOException {
        return loadOrCreate(path, Optional.empty());
    }

    /**
     * Reads the identity at {@code path}, encrypted under {@code passphrase}, or makes a new one
     * and writes it there. The array is the caller's to wipe.
     *
     * @throws KeyFileException when the file is readable by others, not encrypted or damaged, or
     *     the passphrase is wrong
     */
    public static KeyPair loadOrCreate(Path path, char[] passphrase) throws IOException {
        return loadOrCreate(path, Optional.of(utf8(passphrase)));
    }

    private static KeyPair loadOrCreate(Path path, Optional<byte[]> passphrase) throws IOException {
        if (Files.exists(path)) {
            return load(path, passphrase);
        }
        var created = KeyPair.generate();
        try {
            create(path, text(store(created, passphrase)));
            return created;
        } catch (FileAlreadyExistsException raced) {
            return load(path, passphrase);
        }
    }

    /**
     * Reads the identity at {@code path}, in clear.
     *
     * @throws KeyFileException when there is no such file, or it is readable by others, encrypted
     *     or damaged
     */
    public static KeyPair load(Path path) throws IOException {
        return load(path, Optional.empty());
    }

    /**
     * Reads the identity at {@code path}, encrypted under {@code passphrase}. The array is the
     * caller's to wipe.
     *
     * @throws KeyFileException when there is no such file, or it is readable by others, not
     *     encrypted or damaged, or the passphrase is wrong
     */
    public static KeyPair load(Path path, char[] passphrase) throws IOException {
        return load(path, Optional.of(utf8(passphrase)));
    }

    private static KeyPair load(Path path, Optional<byte[]> passphrase) throws IOException {
        if (!Files.isRegularFile(path)) {
            throw new KeyFileException(
                    path, Files.exists(path) ? "is not a regular file" : "does not exist");
        }
        refuseOtherReaders(path);
        if (Files.size(path) > FILE_BYTES_MAX) {
            throw new KeyFileException(
                    path, "has " + Files.size(path) + " bytes, limit " + FILE_BYTES_MAX);
        }
        var stored = parse(path, Files.readString(path, StandardCharsets.ISO_8859_1));
        return switch (stored.getContentCase()) {
            case CLEAR -> {
                if (passphrase.isPresent()) {
                    throw new KeyFileException(
                            path, "is not encrypted, but a passphrase was given");
                }
                yield decode(path, stored.getClear());
            }
            case SEALED -> {
                if (passphrase.isEmpty()) {
                    throw new KeyFileException(path, "is encrypted: a passphrase is needed");
                }
                yield decode(path, unseal(path, stored.getSealed(), passphrase.get()));
            }
            case CONTENT_NOT_SET -> throw new KeyFileException(path, "holds no key");
        };
    }

    /**
     * Writes {@code identity} to a new file in clear, readable by its owner only: how a backup is
     * restored.
     *
     * @throws KeyFileException when there is a file already
     */
    public static void store(Path path, KeyPair identity) throws IOException {
        store(path, identity, Optional.empty());
    }

    /**
     * Writes {@code identity} to a new file under {@code passphrase}: a backup, and also what
     * {@link #loadOrCreate(Path, char[])} reads. The array is the caller's to wipe.
     *
     * @throws KeyFileException when there is a file already
     * @throws IllegalArgumentException when the passphrase is empty
     */
    public static void store(Path path, KeyPair identity, char[] passphrase) throws IOException {
        if (passphrase.length == 0) {
            throw new IllegalArgumentException("the passphrase is empty");
        }
        store(path, identity, Optional.of(utf8(passphrase)));
    }

    private static void store(Path path, KeyPair identity, Optional<byte[]> passphrase)
            throws IOException {
        try {
            create(path, text(store(identity, passphrase)));
        } catch (FileAlreadyExistsException taken) {
            throw new KeyFileException(path, "exists already and is not overwritten");
        }
    }

    /**
     * Replaces the identity at {@code path}, in clear, by a new one. The old file is kept beside it
     * under the old peer id, and so is the old key's signed statement that the new one follows it.
     * The new identity takes its place last and at once: whatever interrupts this, {@code path}
     * holds one of the two.
     *
     * @param now becomes the time of the statement
     * @throws KeyFileException when the old identity cannot be read
     */
    public static Rotation rotate(Path path, Instant now) throws IOException {
        return rotate(path, Optional.empty(), now);
    }

    /** As {@link #rotate(Path, Instant)}, with both identities under {@code passphrase}. */
    public static Rotation rotate(Path path, char[] passphrase, Instant now) throws IOException {
        return rotate(path, Optional.of(utf8(passphrase)), now);
    }

    private static Rotation rotate(Path path, Optional<byte[]> passphrase, Instant now)
            throws IOException {
        var old = load(path, passphrase);
        var successor = KeyPair.generate();
        var succession = new Succession(old.publicKey(), successor.publicKey(), now);
        var statement = beside(path, old.peerId() + ".succession");
        var kept = beside(path, old.peerId().toString());
        replace(statement, Base64.getEncoder().encodeToString(succession.seal(old).toByteArray()));
        if (!Files.exists(kept)) {
            Files.createLink(kept, path);
        }
        replace(path, text(store(successor, passphrase)));
        return new Rotation(successor, succession, kept, statement);
    }

    private static Path beside(Path path, String suffix) {
        return path.resolveSibling(path.getFileName() + "." + suffix);
    }

    /**
     * Reads the statement that {@link #rotate} leaves.
     *
     * @throws SignatureException when it is damaged or not signed by the key it speaks of
     */
    public static Succession succession(Path statement) throws IOException, SignatureException {
        if (Files.size(statement) > FILE_BYTES_MAX) {
            throw new KeyFileException(
                    statement, "has " + Files.size(statement) + " bytes, limit " + FILE_BYTES_MAX);
        }
        var text = Files.readString(statement, StandardCharsets.ISO_8859_1).strip();
        try {
            return Succession.open(ByteString.copyFrom(Base64.getDecoder().decode(text)));
        } catch (IllegalArgumentException damaged) {
            throw new SignatureException("bad succession: " + damaged.getMessage(), damaged);
        }
    }

    /**
     * What a rotation left.
     *
     * @param identity the new one
     * @param succession the old key's statement, sealed in the file {@code statement}
     * @param kept the old identity's file
     */
    public record Rotation(KeyPair identity, Succession succession, Path kept, Path statement) {}

    private static void refuseOtherReaders(Path path) throws IOException {
        if (!isPosix(path)) {
            return;
        }
        var permissions = Files.getPosixFilePermissions(path);
        if (!OWNER_ONLY.containsAll(permissions)) {
            throw new KeyFileException(
                    path,
                    "has mode "
                            + PosixFilePermissions.toString(permissions)
                            + ", expected rw------- (chmod 600)");
        }
    }

    private static boolean isPosix(Path path) {
        return path.getFileSystem().supportedFileAttributeViews().contains("posix");
    }

    private static StoredKey parse(Path path, String text) throws KeyFileException {
        var lines = text.strip().lines().map(String::strip).toList();
        if (lines.size() < 2
                || !lines.getFirst().equals(FIRST_LINE)
                || !lines.getLast().equals(LAST_LINE)) {
            throw new KeyFileException(path, "does not start and end with the identity's marks");
        }
        try {
            var body = String.join("", lines.subList(1, lines.size() - 1));
            var stored = StoredKey.parseFrom(Base64.getDecoder().decode(body));
            if (stored.getVersion() != VERSION) {
                throw new KeyFileException(
                        path,
                        "has version "
                                + Integer.toUnsignedString(stored.getVersion())
                                + ", expected "
                                + VERSION);
            }
            return stored;
        } catch (IllegalArgumentException | InvalidProtocolBufferException damaged) {
            throw new KeyFileException(path, "is damaged: " + damaged.getMessage());
        }
    }

    private static KeyPair decode(Path path, ByteString privateKey) throws KeyFileException {
        try {
            return KeyPair.decode(privateKey);
        } catch (IllegalArgumentException damaged) {
            throw new KeyFileException(path, "is damaged: " + damaged.getMessage());
        }
    }

    private static StoredKey store(KeyPair pair, Optional<byte[]> passphrase) {
        var stored = StoredKey.newBuilder().setVersion(VERSION);
        if (passphrase.isPresent()) {
            stored.setSealed(seal(pair.encode(), passphrase.get()));
        } else {
            stored.setClear(pair.encode());
        }
        return stored.build();
    }

    private static SealedKey seal(ByteString privateKey, byte[] passphrase) {
        var random = new SecureRandom();
        var salt = new byte[SALT_BYTES];
        random.nextBytes(salt);
        var nonce = new byte[NONCE_BYTES];
        random.nextBytes(nonce);
        var sealed =
                SealedKey.newBuilder()
                        .setScryptN(SCRYPT_N)
                        .setScryptR(SCRYPT_R)
                        .setScryptP(SCRYPT_P)
                        .setSalt(ByteString.copyFrom(salt))
                        .setNonce(ByteString.copyFrom(nonce))
                        .setBox(ByteString.EMPTY)
                        .build();
        try {
            var box = cipher(Cipher.ENCRYPT_MODE, sealed, passphrase);
            return sealed.toBuilder()
                    .setBox(ByteString.copyFrom(box.doFinal(privateKey.toByteArray())))
                    .build();
        } catch (GeneralSecurityException missing) {
            throw new IllegalStateException("this JDK has no ChaCha20-Poly1305", missing);
        }
    }

    private static ByteString unseal(Path path, SealedKey sealed, byte[] passphrase)
            throws KeyFileException {
        checkCost(path, sealed);
        try {
            var box = cipher(Cipher.DECRYPT_MODE, sealed, passphrase);
            return ByteString.copyFrom(box.doFinal(sealed.getBox().toByteArray()));
        } catch (AEADBadTagException wrong) {
            throw new KeyFileException(path, "cannot be opened: wrong passphrase or damaged file");
        } catch (GeneralSecurityException missing) {
            throw new IllegalStateException("this JDK has no ChaCha20-Poly1305", missing);
        }
    }

    /** Before scrypt runs: a hostile file must not be able to take gigabytes or minutes. */
    private static void checkCost(Path path, SealedKey sealed) throws KeyFileException {
        long n = Integer.toUnsignedLong(sealed.getScryptN());
        long r = Integer.toUnsignedLong(sealed.getScryptR());
        long p = Integer.toUnsignedLong(sealed.getScryptP());
        check(path, "scrypt n", n, SCRYPT_N_MIN, SCRYPT_N_MAX);
        check(path, "scrypt r", r, 1, SCRYPT_R_MAX);
        check(path, "scrypt p", p, 1, SCRYPT_P_MAX);
        check(path, "scrypt memory", 128 * n * r, 1, SCRYPT_MEMORY_MAX);
        check(path, "salt length", sealed.getSalt().size(), 8, SALT_BYTES_MAX);
        check(path, "nonce length", sealed.getNonce().size(), NONCE_BYTES, NONCE_BYTES);
        if (Long.bitCount(n) != 1) {
            throw new KeyFileException(path, "has scrypt n " + n + ", which is no power of two");
        }
    }

    private static void check(Path path, String field, long value, long min, long max)
            throws KeyFileException {
        if (value < min || value > max) {
            throw new KeyFileException(
                    path, "has " + field + " " + value + ", expected " + min + " to " + max);
        }
    }

    private static Cipher cipher(int mode, SealedKey sealed, byte[] passphrase)
            throws GeneralSecurityException {
        var key =
                SCrypt.generate(
                        passphrase,
                        sealed.getSalt().toByteArray(),
                        sealed.getScryptN(),
                        sealed.getScryptR(),
                        sealed.getScryptP(),
                        32);
        try {
            var cipher = Cipher.getInstance("ChaCha20-Poly1305");
            cipher.init(
                    mode,
                    new SecretKeySpec(key, "ChaCha20"),
                    new IvParameterSpec(sealed.getNonce().toByteArray()));
            return cipher;
        } finally {
            Arrays.fill(key, (byte) 0);
        }
    }

    private static byte[] utf8(char[] passphrase) {
        var encoded = StandardCharsets.UTF_8.encode(CharBuffer.wrap(passphrase));
        var bytes = new byte[encoded.remaining()];
        encoded.get(bytes);
        return bytes;
    }

    private static String text(StoredKey stored) {
        var body =
                Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(stored.toByteArray());
        return FIRST_LINE + "\n" + body + "\n" + LAST_LINE + "\n";
    }

    /** Links the finished file into place, which fails when somebody was quicker. */
    private static void create(Path path, String text) throws IOException {
        var draft = draft(path, text);
        try {
            Files.createLink(path, draft);
        } finally {
            Files.delete(draft);
        }
        sync(path.toAbsolutePath().resolveSibling(""));
    }

    /** Puts the finished file into place of what is there. */
    private static void replace(Path path, String text) throws IOException {
        Files.move(draft(path, text), path, StandardCopyOption.ATOMIC_MOVE);
        sync(path.toAbsolutePath().resolveSibling(""));
    }

    /** Writes beside the target. */
    private static Path draft(Path path, String text) throws IOException {
        var folder = path.toAbsolutePath().resolveSibling("");
        Files.createDirectories(folder);
        var draft = Files.createTempFile(folder, ".identity", ".tmp", ownerOnly(folder));
        boolean complete = false;
        try (var file = FileChannel.open(draft, StandardOpenOption.WRITE)) {
            var bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII));
            while (bytes.hasRemaining()) {
                file.write(bytes);
            }
            file.force(true);
            complete = true;
            return draft;
        } finally {
            if (!complete) {
                Files.delete(draft);
            }
        }
    }

    private static FileAttribute<?>[] ownerOnly(Path folder) {
        return isPosix(folder)
                ? new FileAttribute<?>[] {PosixFilePermissions.asFileAttribute(OWNER_ONLY)}
                : new FileAttribute<?>[0];
    }

    /** Makes the new name survive a power cut, where folders can be opened at all. */
    private static void sync(Path folder) throws IOException {
        if (isPosix(folder)) {
            try (var handle = FileChannel.open(folder, StandardOpenOption.READ)) {
                handle.force(true);
            }
        }
    }
}
