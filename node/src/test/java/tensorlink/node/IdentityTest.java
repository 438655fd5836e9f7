package tensorlink.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tensorlink.ledger.KeystoreException;
import tensorlink.p2p.peer.KeyFileException;

/** A node's keys are made once, read ever after, and never replaced. */
class IdentityTest {
    @TempDir private Path folder;

    private Home home;
    private Path peer;
    private Path account;
    private Path password;

    @BeforeEach
    void name() {
        home = Home.at(folder);
        peer = home.identity().resolve("peer.key");
        account = home.identity().resolve("account.json");
        password = home.identity().resolve("account.password");
    }

    @Test
    void keys_are_made_for_the_owner_alone_and_stay_the_same() throws Exception {
        var first = Node.names(home);

        var second = Node.names(home);

        assertThat(second).isEqualTo(first);
        for (var file : new Path[] {peer, account, password}) {
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                    .as(file.toString())
                    .isEqualTo("rw-------");
        }
    }

    @Test
    void who_a_running_node_is_can_be_asked_but_new_keys_wait_for_its_lock() throws Exception {
        try (var _ = HomeLock.take(home)) {
            assertThatThrownBy(() -> Node.names(home)).isInstanceOf(HomeInUseException.class);
        }
        var names = Node.names(home);

        try (var _ = HomeLock.take(home)) {
            assertThat(Node.names(home)).isEqualTo(names);
        }
    }

    @Test
    void a_damaged_peer_key_is_refused_and_left_as_it_is() throws Exception {
        Node.names(home);
        Files.writeString(peer, "-----BEGIN TENSORLINK IDENTITY-----\nAAAA\n");

        assertThatThrownBy(() -> Node.names(home))
                .isInstanceOf(KeyFileException.class)
                .hasMessageContaining(peer.toString());
        assertThat(Files.readString(peer)).endsWith("AAAA\n");
    }

    @Test
    void a_damaged_account_is_refused_and_left_as_it_is() throws Exception {
        Node.names(home);
        Files.writeString(account, "{\"version\": 3");

        assertThatThrownBy(() -> Node.names(home))
                .isInstanceOf(KeystoreException.class)
                .hasMessageContaining(account.toString());
        assertThat(Files.readString(account)).isEqualTo("{\"version\": 3");
    }

    @Test
    void a_key_that_others_may_read_is_refused() throws Exception {
        Node.names(home);

        for (var file : new Path[] {peer, account, password}) {
            Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
            assertThatThrownBy(() -> Node.names(home))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining(file.toString())
                    .hasMessageContaining("has mode rw-r--r--, expected rw-------")
                    .hasMessageContaining("chmod 600");
            Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
        }
    }

    @Test
    void a_missing_password_is_named_and_the_account_is_not_replaced() throws Exception {
        Node.names(home);
        var kept = Files.readAllBytes(account);
        Files.delete(password);

        assertThatThrownBy(() -> Node.names(home))
                .isInstanceOf(IdentityException.class)
                .hasMessage(
                        "identity file "
                                + password
                                + " is missing: without it the account cannot be opened; restore"
                                + " it");
        assertThat(account).hasBinaryContent(kept);
        assertThat(password).doesNotExist();
    }

    @Test
    void a_wrong_password_is_refused_without_showing_it() throws Exception {
        Node.names(home);
        Files.writeString(password, "not the password\n");

        assertThatThrownBy(() -> Node.names(home))
                .isInstanceOf(KeystoreException.class)
                .hasMessageContaining(account.toString())
                .hasMessageNotContaining("not the password");
    }

    @Test
    void a_password_file_may_have_1024_bytes_and_not_one_more() throws Exception {
        Node.names(home);
        Files.writeString(password, "x".repeat(1_024));
        assertThatThrownBy(() -> Node.names(home)).isInstanceOf(KeystoreException.class);

        Files.writeString(password, "x".repeat(1_025));

        assertThatThrownBy(() -> Node.names(home))
                .isInstanceOf(IdentityException.class)
                .hasMessageEndingWith("has more than 1024 bytes");
    }

    @Test
    void a_lost_peer_key_costs_the_peer_id_but_not_the_account() throws Exception {
        var before = Node.names(home);
        Files.delete(peer);

        var after = Node.names(home);

        assertThat(after.account()).isEqualTo(before.account());
        assertThat(after.peer()).isNotEqualTo(before.peer());
    }
}
