package tensorlink.node;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Instant;
import tensorlink.ledger.Keystore;
import tensorlink.p2p.peer.KeyFile;
import tensorlink.p2p.peer.PeerId;

/**
 * Keeps who a node is: copies its two keys to a safe place, brings them back, replaces the peer's.
 * A backup is two files, the peer's key and, beside it, the account's keystore, both under one
 * passphrase. Nothing that exists is ever overwritten.
 */
public final class Identities {
    private Identities() {}

    /**
     * Writes the keys of {@code home} to {@code file} and its {@linkplain #accountOf companion}.
     *
     * @param passphrase is the caller's to wipe
     * @throws IOException an {@link IdentityException} when the home has no identity, or one of the
     *     files is there already
     */
    public static Node.Names backup(Home home, Path file, char[] passphrase) throws IOException {
        if (!Identity.isIn(home)) {
            throw new IdentityException(
                    home.identity(), "does not exist: there is nothing to back up");
        }
        refuseExisting(file);
        refuseExisting(accountOf(file));
        var identity = Identity.open(home);
        createParent(file);
        KeyFile.store(file, identity.key(), passphrase);
        new Keystore(accountOf(file))
                .create(identity.account(), passphrase, Keystore.Cost.STANDARD, new SecureRandom());
        return names(identity);
    }

    /**
     * Makes the identity in {@code file} and its companion that of {@code home}.
     *
     * @param passphrase is the caller's to wipe
     * @throws IOException an {@link IdentityException} when the home has an identity; a {@link
     *     HomeInUseException} when a node runs from it
     */
    public static Node.Names restore(Home home, Path file, char[] passphrase) throws IOException {
        var key = KeyFile.load(file, passphrase);
        var account = new Keystore(accountOf(file)).open(passphrase);
        try (var _ = HomeLock.take(home)) {
            refuseExisting(Identity.peerKey(home));
            if (AccountFile.isIn(home.identity())) {
                throw new IdentityException(home.identity(), "holds an account already");
            }
            Files.createDirectories(home.identity(), Home.ownerOnlyFolder(home.identity()));
            KeyFile.store(Identity.peerKey(home), key);
            AccountFile.store(home.identity(), account);
            return names(new Identity(key, account));
        }
    }

    /**
     * Gives {@code home} a new peer key. The account stays; the old key is kept beside the new one,
     * with its statement that the new one follows it.
     *
     * @throws IOException a {@link HomeInUseException} when a node runs from the home, an {@link
     *     IdentityException} when it has no identity
     */
    public static Rotation rotate(Home home, Instant now) throws IOException {
        if (!Files.exists(Identity.peerKey(home))) {
            throw new IdentityException(
                    Identity.peerKey(home), "does not exist: there is nothing to replace");
        }
        try (var _ = HomeLock.take(home)) {
            var rotation = KeyFile.rotate(Identity.peerKey(home), now);
            return new Rotation(
                    rotation.succession().predecessor().peerId(),
                    rotation.identity().peerId(),
                    rotation.kept(),
                    rotation.statement());
        }
    }

    /**
     * What a rotation did.
     *
     * @param kept the old key
     * @param statement the old key's signed word that the new one follows it
     */
    public record Rotation(PeerId before, PeerId after, Path kept, Path statement) {}

    /** Where the account of a backup lies. */
    public static Path accountOf(Path backup) {
        return backup.resolveSibling(backup.getFileName() + ".account.json");
    }

    private static Node.Names names(Identity identity) {
        return new Node.Names(identity.key().peerId(), identity.account().account());
    }

    private static void refuseExisting(Path file) throws IOException {
        if (Files.exists(file)) {
            throw new IdentityException(file, "exists already and is not overwritten");
        }
    }

    private static void createParent(Path file) throws IOException {
        try {
            Files.createDirectories(file.toAbsolutePath().getParent());
        } catch (FileAlreadyExistsException other) {
            throw new IdentityException(file, "cannot be made: its folder is a file");
        }
    }
}
