package tensorlink.ledger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tensorlink.ledger.Keystore.Cost;

class KeystoreTest {
    private static final char[] PASSWORD = "correct horse".toCharArray();

    @TempDir private Path directory;

    private Path write(String text) throws IOException {
        var file = directory.resolve("key.json");
        Files.writeString(file, text);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
        return file;
    }

    @Test
    void opens_key_files_of_other_wallets() throws IOException {
        int opened = 0;
        for (var vector : GoldenVectorsTest.read("/vectors/keystore.json").get("files")) {
            var file = write(vector.get("file").toString());
            var expected = AccountKey.of(Bytes32.parse(vector.get("secret").stringValue()));

            var key = new Keystore(file).open(vector.get("password").stringValue().toCharArray());

            assertThat(key.account()).isEqualTo(expected.account());
            assertThat(key.secret()).isEqualTo(expected.secret());
            opened++;
        }
        assertThat(opened).isEqualTo(4);
    }

    @Test
    void a_key_comes_back_with_its_password_and_only_with_that() throws IOException {
        var keystore = new Keystore(directory.resolve("deep/er/key.json"));
        var key = AccountKey.generate(new Random(1));
        keystore.create(key, PASSWORD, Cost.LIGHT, new Random(2));

        assertThat(keystore.open(PASSWORD).secret()).isEqualTo(key.secret());
        assertThatThrownBy(() -> keystore.open("Correct horse".toCharArray()))
                .isInstanceOf(KeystoreException.class)
                .hasMessageEndingWith("the password is wrong, or the file is damaged");
        assertThatThrownBy(() -> keystore.open(new char[0])).isInstanceOf(KeystoreException.class);
    }

    @Test
    void the_file_is_its_owners_alone_and_shows_no_secret() throws IOException {
        var file = directory.resolve("key.json");
        var key = AccountKey.generate(new Random(1));

        new Keystore(file).create(key, PASSWORD, Cost.LIGHT, new Random(2));

        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-------");
        assertThat(Files.readString(file))
                .doesNotContain(new Bytes32(key.secret()).toString().substring(2))
                .contains("\"n\":4096");
        try (var files = Files.list(directory)) {
            assertThat(files).containsExactly(file);
        }
    }

    @Test
    void the_standard_cost_is_the_one_that_other_wallets_use() {
        var sealed = SealedSecret.seal(Bytes32.ZERO.bytes(), PASSWORD, Cost.LIGHT, new Random(1));

        assertThat(Cost.STANDARD.n()).isEqualTo(262_144);
        assertThat(sealed.derivation())
                .isInstanceOfSatisfying(
                        SealedSecret.Derivation.Scrypt.class,
                        scrypt -> {
                            assertThat(scrypt.r()).isEqualTo(8);
                            assertThat(scrypt.p()).isEqualTo(1);
                        });
    }

    @Test
    void an_existing_file_is_never_overwritten() throws IOException {
        var file = write("somebody's money");
        var key = AccountKey.generate(new Random(1));

        assertThatThrownBy(
                        () -> new Keystore(file).create(key, PASSWORD, Cost.LIGHT, new Random(2)))
                .isInstanceOf(FileAlreadyExistsException.class);
        assertThat(Files.readString(file)).isEqualTo("somebody's money");
    }

    @Test
    void a_file_that_others_may_read_is_refused() throws IOException {
        var file = write(quick());
        assertThat(new Keystore(file).open(PASSWORD)).isNotNull();

        for (var mode : new String[] {"rw-r--r--", "rw----r--", "rw--w----", "rwx------"}) {
            Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(mode));
            assertThatThrownBy(() -> new Keystore(file).open(PASSWORD))
                    .isInstanceOf(KeystoreException.class)
                    .hasMessage(file + ": has mode " + mode + ", expected rw-------: chmod 600");
        }
    }

    @Test
    void what_is_not_a_file_or_too_large_is_refused() throws IOException {
        var large = write("{\"a\": \"" + "x".repeat(64 << 10) + "\"}");

        assertThatThrownBy(() -> new Keystore(directory).open(PASSWORD))
                .isInstanceOf(KeystoreException.class)
                .hasMessageEndingWith("is not a file");
        assertThatThrownBy(() -> new Keystore(directory.resolve("none")).open(PASSWORD))
                .isInstanceOf(KeystoreException.class);
        assertThatThrownBy(() -> new Keystore(large).open(PASSWORD))
                .hasMessageEndingWith("has more than 65536 bytes");
    }

    @Test
    void a_file_cut_at_any_byte_is_refused() throws IOException {
        var whole = quick().strip();
        for (int length = 0; length < whole.length(); length++) {
            var file = write(whole.substring(0, length));
            assertThatThrownBy(() -> new Keystore(file).open(PASSWORD))
                    .as("cut at " + length)
                    .isInstanceOf(KeystoreException.class)
                    .hasMessageStartingWith(file.toString());
        }
    }

    /** No case may cost what it asks for: one of them alone would take minutes or gigabytes. */
    @Test
    @Timeout(value = 20, unit = TimeUnit.SECONDS)
    void bad_files_are_refused_for_what_is_wrong_with_them_before_any_work() throws IOException {
        Map<String, String> cases = new LinkedHashMap<>();
        cases.put(scrypt("1073741824", "8", "1"), "n is 4096 to 262144, not 1073741824");
        cases.put(scrypt("524288", "8", "1"), "n is 4096 to 262144, not 524288");
        cases.put(scrypt("2048", "8", "1"), "n is 4096 to 262144, not 2048");
        cases.put(scrypt("5000", "8", "1"), "n is not a power of two: 5000");
        cases.put(scrypt("262144", "1", "8"), "n is too large for r = 1: 262144");
        cases.put(scrypt("4096", "9", "1"), "r is 1 to 8, not 9");
        cases.put(scrypt("4096", "0", "1"), "r is 1 to 8, not 0");
        cases.put(scrypt("4096", "8", "1000000"), "p is 1 to 8, not 1000000");
        cases.put(scrypt("-4096", "8", "1"), "n is 4096 to 262144, not -4096");
        cases.put(scrypt("4096.5", "8", "1"), "n is not there as a whole number of 32 bits");
        cases.put(scrypt("\"4096\"", "8", "1"), "n is not there as a whole number of 32 bits");
        cases.put(scrypt("4294967296", "8", "1"), "n is not there as a whole number of 32 bits");
        cases.put(scrypt("99999999999999999999", "8", "1"), "not JSON: Number value length (20)");
        cases.put(with("\"c\": 1,", "\"c\": 1000001,"), "c is 1 to 1000000, not 1000001");
        cases.put(with("\"c\": 1,", "\"c\": 0,"), "c is 1 to 1000000, not 0");
        cases.put(with("\"c\": 1,", ""), "c is not there as a whole number");
        cases.put(with("\"dklen\": 32", "\"dklen\": 2147483647"), "dklen 2147483647, expected 32");
        cases.put(with("\"dklen\": 32", "\"dklen\": 31"), "dklen 31, expected 32");
        cases.put(with("hmac-sha256", "hmac-md5"), "unknown prf: \"hmac-md5\"");
        cases.put(with("pbkdf2", "argon2"), "unknown kdf: \"argon2\"");
        cases.put(with("aes-128-ctr", "aes-256-gcm"), "unknown cipher: \"aes-256-gcm\"");
        cases.put(with("\"version\": 3", "\"version\": 4"), "version 4, expected 3");
        cases.put(with("\"version\": 3", "\"version\": 3, \"version\": 3"), "not JSON: Duplicate");
        cases.put(with("\"version\": 3", "\"versio\": 3"), "version is not there");
        cases.put(with("\"crypto\"", "\"crypt\""), "Crypto is not there as an object");
        cases.put(with("\"salt\": \"", "\"salt\": \"zz"), "salt is not hexadecimal");
        cases.put(with("\"salt\": \"", "\"salt\": \"0"), "salt is not hexadecimal");
        cases.put(quick().replaceAll("\"salt\": \"\\w+\"", "\"salt\": \"\""), "bytes of salt is 1");
        cases.put(
                quick().replaceAll("\"iv\": \"\\w+\"", "\"iv\": \"00\""), "iv has 16 bytes, not 1");
        cases.put(
                quick().replaceAll("\"mac\": \"\\w+\"", "\"mac\": \"00\""),
                "mac has 32 bytes, not 1");
        cases.put(
                quick().replaceAll("\"ciphertext\": \"\\w+\"", "\"ciphertext\": \"\""),
                "ciphertext has 32 bytes, not 0");
        cases.put(quick().replaceAll("\"mac\": \"\\w", "\"mac\": \"g"), "mac is not hexadecimal");
        cases.put(
                quick().replaceAll("\"mac\": \"\\w{8}", "\"mac\": \"00000000"),
                "the password is wrong, or the file is damaged");
        cases.put(
                quick().replaceAll("\"ciphertext\": \"\\w{8}", "\"ciphertext\": \"00000000"),
                "the password is wrong, or the file is damaged");
        cases.put(
                quick().replaceAll("\"address\": \"\\w{8}", "\"address\": \"00000000"),
                "says 0x00000000");
        cases.put(
                quick().replaceAll("\"address\": \"\\w{8}", "\"address\": \""),
                "expected 0x and 40 hexadecimal digits");
        cases.put("[]", "version is not there");
        cases.put("null", "version is not there");
        cases.put("3", "version is not there");
        cases.put("", "");
        cases.put("[".repeat(1_000), "not JSON: Document nesting depth (9)");
        cases.put(quick() + "{}", "not JSON: ");
        cases.put("\0\0\0\0", "not JSON: ");

        for (var bad : cases.entrySet()) {
            var file = write(bad.getKey());
            assertThatThrownBy(() -> new Keystore(file).open(PASSWORD))
                    .as(bad.getKey())
                    .isInstanceOf(KeystoreException.class)
                    .hasMessageContaining(bad.getValue());
        }
        assertThat(cases).hasSizeGreaterThan(40);
    }

    @Test
    void a_file_without_an_address_opens_too() throws IOException {
        var file = write(quick().replaceAll("\"address\": \"\\w+\",", ""));

        assertThat(new Keystore(file).open(PASSWORD).account())
                .isEqualTo(AccountKey.of(Bytes32.keccak("quick")).account());
    }

    private static String scrypt(String n, String r, String p) {
        return quick().replace("pbkdf2", "scrypt")
                .replace("\"c\": 1,", "\"n\": " + n + ", \"r\": " + r + ", \"p\": " + p + ",");
    }

    private static String with(String found, String replacement) {
        assertThat(quick()).contains(found);
        return quick().replace(found, replacement);
    }

    /** A key file that opens at once, by the one derivation that may be cheap. */
    private static String quick() {
        var key = AccountKey.of(Bytes32.keccak("quick"));
        var salt = Bytes32.keccak("salt").bytes();
        var iv = Bytes32.keccak("iv").bytes().substring(0, 16);
        var sealed =
                SealedSecret.sealWith(
                        new SealedSecret.Derivation.Pbkdf2(salt, 1), iv, key.secret(), PASSWORD);
        return """
        {"address": "%s", "crypto": {"cipher": "aes-128-ctr",
         "cipherparams": {"iv": "%s"}, "ciphertext": "%s", "kdf": "pbkdf2",
         "kdfparams": {"c": 1, "dklen": 32, "prf": "hmac-sha256", "salt": "%s"},
         "mac": "%s"}, "id": "00000000-0000-4000-8000-000000000000", "version": 3}
        """
                .formatted(
                        Hex.format(key.account().bytes()).substring(2),
                        Hex.format(iv).substring(2),
                        Hex.format(sealed.ciphertext()).substring(2),
                        Hex.format(salt).substring(2),
                        Hex.format(sealed.mac()).substring(2));
    }
}
