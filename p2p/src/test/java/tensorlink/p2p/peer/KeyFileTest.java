package tensorlink.p2p.peer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SignatureException;
import java.time.Instant;
import java.util.Base64;
import java.util.HexFormat;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tensorlink.p2p.wire.SealedKey;
import tensorlink.p2p.wire.StoredKey;

class KeyFileTest {
    private static final char[] PASSPHRASE = "correct horse".toCharArray();

    @TempDir private Path folder;

    @Test
    void keeps_the_identity_over_restarts() throws IOException {
        var path = folder.resolve("new/folder/identity");

        var created = KeyFile.loadOrCreate(path);

        assertThat(KeyFile.loadOrCreate(path).peerId()).isEqualTo(created.peerId());
        assertThat(Files.getPosixFilePermissions(path))
                .isEqualTo(PosixFilePermissions.fromString("rw-------"));
        try (var files = Files.list(path.resolveSibling(""))) {
            assertThat(files).containsExactly(path);
        }
    }

    @Test
    void keeps_the_identity_under_a_passphrase() throws IOException {
        var path = folder.resolve("identity");

        var created = KeyFile.loadOrCreate(path, PASSPHRASE);

        assertThat(KeyFile.loadOrCreate(path, PASSPHRASE).peerId()).isEqualTo(created.peerId());
        assertThat(HexFormat.of().formatHex(stored(path).toByteArray()))
                .doesNotContain(HexFormat.of().formatHex(created.encode().toByteArray(), 4, 36));
        assertThat(stored(path).hasClear()).isFalse();
    }

    @Test
    void a_wrong_passphrase_and_a_damaged_box_are_told_alike() throws IOException {
        var path = folder.resolve("identity");
        KeyFile.loadOrCreate(path, PASSPHRASE);

        assertThatThrownBy(() -> KeyFile.loadOrCreate(path, "wrong".toCharArray()))
                .isInstanceOf(KeyFileException.class)
                .hasMessageContaining("wrong passphrase or damaged file");
        reseal(path, sealed -> sealed.setBox(ByteString.copyFrom(new byte[84])));
        assertThatThrownBy(() -> KeyFile.loadOrCreate(path, PASSPHRASE))
                .hasMessageContaining("wrong passphrase or damaged file");
    }

    @Test
    void says_whether_a_passphrase_is_needed() throws IOException {
        var sealed = folder.resolve("sealed");
        var clear = folder.resolve("clear");
        KeyFile.loadOrCreate(sealed, PASSPHRASE);
        KeyFile.loadOrCreate(clear);

        assertThatThrownBy(() -> KeyFile.loadOrCreate(sealed))
                .hasMessageContaining("a passphrase is needed");
        assertThatThrownBy(() -> KeyFile.loadOrCreate(clear, PASSPHRASE))
                .hasMessageContaining("is not encrypted");
    }

    @Test
    void a_backup_restores_the_same_identity_elsewhere() throws IOException {
        var identity = KeyFile.loadOrCreate(folder.resolve("identity"));
        var backup = folder.resolve("backup");

        KeyFile.store(backup, identity, PASSPHRASE);
        KeyFile.store(folder.resolve("restored"), KeyFile.load(backup, PASSPHRASE));

        assertThat(stored(backup).hasSealed()).isTrue();
        assertThat(KeyFile.load(folder.resolve("restored")).encode()).isEqualTo(identity.encode());
    }

    @Test
    void neither_a_backup_nor_a_restored_identity_overwrites_a_file() throws IOException {
        var taken = folder.resolve("taken");
        var identity = KeyFile.loadOrCreate(taken);

        assertThatThrownBy(() -> KeyFile.store(taken, KeyPair.generate()))
                .isInstanceOf(KeyFileException.class)
                .hasMessageContaining("exists already");
        assertThatThrownBy(() -> KeyFile.store(taken, KeyPair.generate(), PASSPHRASE))
                .hasMessageContaining("exists already");
        assertThat(KeyFile.load(taken).peerId()).isEqualTo(identity.peerId());
    }

    @Test
    void loading_makes_no_identity_where_there_is_none() {
        var path = folder.resolve("missing");

        assertThatThrownBy(() -> KeyFile.load(path))
                .isInstanceOf(KeyFileException.class)
                .hasMessageContaining("does not exist");
        assertThat(path).doesNotExist();
    }

    @Test
    void a_rotation_keeps_the_old_key_and_its_word_for_the_new_one() throws Exception {
        var path = folder.resolve("identity");
        var old = KeyFile.loadOrCreate(path, PASSPHRASE);

        var rotation = KeyFile.rotate(path, PASSPHRASE, Instant.ofEpochSecond(1_800_000_000));

        assertThat(KeyFile.load(path, PASSPHRASE).peerId())
                .isEqualTo(rotation.identity().peerId())
                .isNotEqualTo(old.peerId());
        assertThat(KeyFile.load(rotation.kept(), PASSPHRASE).peerId()).isEqualTo(old.peerId());
        var told = KeyFile.succession(rotation.statement());
        assertThat(told).isEqualTo(rotation.succession());
        assertThat(told.predecessor().peerId()).isEqualTo(old.peerId());
        assertThat(told.successor().peerId()).isEqualTo(rotation.identity().peerId());
        assertThat(told.at()).isEqualTo(Instant.ofEpochSecond(1_800_000_000));
    }

    @Test
    void an_identity_that_cannot_be_read_is_not_rotated() throws IOException {
        var path = folder.resolve("identity");
        var old = KeyFile.loadOrCreate(path, PASSPHRASE);

        assertThatThrownBy(() -> KeyFile.rotate(path, "wrong".toCharArray(), Instant.EPOCH))
                .isInstanceOf(KeyFileException.class);

        assertThat(KeyFile.load(path, PASSPHRASE).peerId()).isEqualTo(old.peerId());
        try (var files = Files.list(folder)) {
            assertThat(files).containsExactly(path);
        }
    }

    @Test
    void an_altered_succession_is_refused() throws IOException {
        var statement = KeyFile.rotate(created("identity"), Instant.EPOCH).statement();
        var bytes = Base64.getDecoder().decode(Files.readString(statement));
        bytes[bytes.length / 2] ^= 1;
        Files.writeString(statement, Base64.getEncoder().encodeToString(bytes));

        assertThatThrownBy(() -> KeyFile.succession(statement))
                .isInstanceOf(SignatureException.class);
    }

    @Test
    void nobody_names_the_successor_of_another() {
        var succession =
                new Succession(
                        KeyPair.generate().publicKey(),
                        KeyPair.generate().publicKey(),
                        Instant.EPOCH);

        assertThatThrownBy(() -> succession.seal(KeyPair.generate()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("cannot name the successor");
    }

    private Path created(String name) throws IOException {
        var path = folder.resolve(name);
        KeyFile.loadOrCreate(path);
        return path;
    }

    @ParameterizedTest
    @ValueSource(strings = {"rw-r-----", "rw----r--", "rw--w----", "rwx------", "rw-r--r--"})
    void refuses_a_file_that_others_can_use(String mode) throws IOException {
        var path = folder.resolve("identity");
        KeyFile.loadOrCreate(path);
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(mode));

        assertThatThrownBy(() -> KeyFile.loadOrCreate(path))
                .isInstanceOf(KeyFileException.class)
                .hasMessageContaining(mode)
                .hasMessageContaining("chmod 600");
    }

    @ParameterizedTest
    @CsvSource({
        "scryptN, 2048",
        "scryptN, 524288",
        "scryptN, 1073741824",
        "scryptN, -1",
        "scryptN, 32769",
        "scryptR, 0",
        "scryptR, 9",
        "scryptP, 0",
        "scryptP, 1000000"
    })
    void refuses_costs_out_of_bounds_before_paying_them(String field, int value)
            throws IOException {
        var path = folder.resolve("identity");
        KeyFile.loadOrCreate(path, PASSPHRASE);
        reseal(
                path,
                sealed ->
                        switch (field) {
                            case "scryptN" -> sealed.setScryptN(value);
                            case "scryptR" -> sealed.setScryptR(value);
                            default -> sealed.setScryptP(value);
                        });

        assertThatThrownBy(() -> KeyFile.loadOrCreate(path, PASSPHRASE))
                .isInstanceOf(KeyFileException.class)
                .hasMessageContaining("scrypt");
    }

    @Test
    void refuses_a_salt_or_nonce_of_wrong_length() throws IOException {
        var path = folder.resolve("identity");
        KeyFile.loadOrCreate(path, PASSPHRASE);

        reseal(path, sealed -> sealed.setSalt(ByteString.EMPTY));
        assertThatThrownBy(() -> KeyFile.loadOrCreate(path, PASSPHRASE))
                .hasMessageContaining("salt length 0");
        reseal(
                path,
                sealed ->
                        sealed.setSalt(ByteString.copyFrom(new byte[32]))
                                .setNonce(ByteString.EMPTY));
        assertThatThrownBy(() -> KeyFile.loadOrCreate(path, PASSPHRASE))
                .hasMessageContaining("nonce length 0");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "hello",
                "-----BEGIN TENSORLINK IDENTITY-----",
                "-----BEGIN TENSORLINK IDENTITY-----\n-----END TENSORLINK IDENTITY-----",
                "-----BEGIN TENSORLINK IDENTITY-----\n***\n-----END TENSORLINK IDENTITY-----",
                "-----BEGIN TENSORLINK IDENTITY-----\n/////\n-----END TENSORLINK IDENTITY-----",
                "-----BEGIN TENSORLINK IDENTITY-----\nCAE=\n-----END TENSORLINK IDENTITY-----",
                "-----BEGIN TENSORLINK IDENTITY-----\nCAI=\n-----END TENSORLINK IDENTITY-----",
                "-----BEGIN TENSORLINK IDENTITY-----\nCAESAQA=\n-----END TENSORLINK IDENTITY-----"
            })
    void refuses_other_content_and_leaves_it_alone(String content) throws IOException {
        var path = folder.resolve("identity");
        write(path, content);

        assertThatThrownBy(() -> KeyFile.loadOrCreate(path))
                .isInstanceOf(KeyFileException.class)
                .hasMessageContaining(path.toString());
        assertThat(path).hasContent(content);
    }

    @Test
    void every_truncation_of_the_file_is_refused() throws IOException {
        var path = folder.resolve("identity");
        KeyFile.loadOrCreate(path);
        var whole = Files.readString(path);

        for (int length = 0; length < whole.strip().length(); length++) {
            Files.writeString(path, whole.substring(0, length));
            assertThatThrownBy(() -> KeyFile.loadOrCreate(path))
                    .as("first %d characters", length)
                    .isInstanceOf(KeyFileException.class);
        }
    }

    @Test
    void refuses_folders_and_files_that_are_too_big() throws IOException {
        var path = folder.resolve("identity");
        write(path, " ".repeat(64 * 1024 + 1));

        assertThatThrownBy(() -> KeyFile.loadOrCreate(folder))
                .hasMessageContaining("not a regular file");
        assertThatThrownBy(() -> KeyFile.loadOrCreate(path)).hasMessageContaining("limit 65536");
    }

    private static void write(Path path, String content) throws IOException {
        Files.writeString(path, content);
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-------"));
    }

    private static void reseal(Path path, UnaryOperator<SealedKey.Builder> change)
            throws IOException {
        var stored = stored(path);
        var changed =
                stored.toBuilder().setSealed(change.apply(stored.getSealed().toBuilder())).build();
        write(
                path,
                "-----BEGIN TENSORLINK IDENTITY-----\n"
                        + Base64.getEncoder().encodeToString(changed.toByteArray())
                        + "\n-----END TENSORLINK IDENTITY-----\n");
    }

    private static StoredKey stored(Path path) throws IOException {
        var lines = Files.readAllLines(path);
        var body = String.join("", lines.subList(1, lines.size() - 1));
        return StoredKey.parseFrom(Base64.getDecoder().decode(body));
    }
}
