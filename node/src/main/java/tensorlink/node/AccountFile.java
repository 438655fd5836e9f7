package tensorlink.node;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.HexFormat;
import tensorlink.ledger.AccountKey;
import tensorlink.ledger.Keystore;

/**
 * The account's key of a node that starts without being asked for a password: a keystore, and
 * beside it, for the owner alone, the random password that opens it. Whoever wants a password of
 * their own replaces the two by a keystore made elsewhere.
 */
final class AccountFile {
    private static final int PASSWORD_BYTES = 32;

    private AccountFile() {}

    static AccountKey loadOrCreate(Path folder) throws IOException {
        var keystore = new Keystore(folder.resolve("account.json"));
        var password = folder.resolve("account.password");
        if (!Files.exists(keystore.file())) {
            create(keystore, password);
        }
        var characters =
                Files.readString(password, StandardCharsets.US_ASCII).strip().toCharArray();
        try {
            return keystore.open(characters);
        } finally {
            Arrays.fill(characters, ' ');
        }
    }

    private static void create(Keystore keystore, Path password) throws IOException {
        var random = new SecureRandom();
        var bytes = new byte[PASSWORD_BYTES];
        random.nextBytes(bytes);
        var characters = HexFormat.of().formatHex(bytes).toCharArray();
        Files.createDirectories(password.toAbsolutePath().getParent());
        Files.deleteIfExists(password);
        Files.createFile(
                password,
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        Files.writeString(password, new String(characters) + "\n", StandardCharsets.US_ASCII);
        // The password cannot be guessed, so a costly derivation would only slow every start.
        keystore.create(AccountKey.generate(random), characters, Keystore.Cost.LIGHT, random);
        Arrays.fill(characters, ' ');
    }
}
