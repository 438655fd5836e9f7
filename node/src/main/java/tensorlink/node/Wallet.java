package tensorlink.node;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import tensorlink.ledger.Account;
import tensorlink.ledger.AccountKey;
import tensorlink.ledger.Keystore;

/**
 * Makes account keys and brings them into a node's home. Nothing that exists is ever overwritten: a
 * key file may be the only way to somebody's money.
 */
public final class Wallet {
    private Wallet() {}

    /**
     * Makes a new account in a keystore file of its own.
     *
     * @param password is the caller's to wipe
     * @throws java.nio.file.FileAlreadyExistsException when the file is there
     */
    public static Account create(Path file, char[] password) throws IOException {
        var random = new SecureRandom();
        var key = AccountKey.generate(random);
        new Keystore(file).create(key, password, Keystore.Cost.STANDARD, random);
        return key.account();
    }

    /**
     * Makes the account in a keystore file that of {@code home}, which has none yet.
     *
     * @param password is the caller's to wipe
     * @throws IOException an {@link IdentityException} when the home has an account; a {@link
     *     HomeInUseException} when a node runs from it; a {@link
     *     tensorlink.ledger.KeystoreException} when the file cannot be opened
     */
    public static Account adopt(Home home, Path file, char[] password) throws IOException {
        var key = new Keystore(file).open(password);
        try (var _ = HomeLock.take(home)) {
            if (AccountFile.isIn(home.identity())) {
                throw new IdentityException(home.identity(), "holds an account already");
            }
            Files.createDirectories(home.identity(), Home.ownerOnlyFolder(home.identity()));
            AccountFile.store(home.identity(), key);
        }
        return key.account();
    }

    /**
     * The account of {@code home}; makes none.
     *
     * @throws IdentityException when it has none
     */
    public static Account of(Home home) throws IOException {
        if (!AccountFile.isIn(home.identity())) {
            throw new IdentityException(home.identity(), "holds no account yet");
        }
        return AccountFile.loadOrCreate(home.identity()).account();
    }
}
