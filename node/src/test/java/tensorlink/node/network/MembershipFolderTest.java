package tensorlink.node.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tensorlink.p2p.peer.PreSharedKey;

class MembershipFolderTest {
    @TempDir private Path home;

    private Path folder;
    private MembershipFolder files;

    @BeforeEach
    void join() throws Exception {
        folder = home.resolve("network");
        files = new MembershipFolder(folder);
        files.save(Membership.by(Founded.invitation()));
    }

    @Test
    void a_membership_is_read_as_it_was_saved_and_its_files_are_the_owners_alone()
            throws Exception {
        var read = files.load().orElseThrow();

        assertThat(read.network()).isEqualTo(Founded.TEAM);
        assertThat(read.key()).contains(Founded.KEY);
        assertThat(read.invitedTo()).containsExactly(Founded.ENTRY);
        assertThat(read.seeds()).containsExactly(Founded.ENTRY);
        assertThat(read.seedNames()).hasToString("[/dnsaddr/team.example.org]");
        try (var all = Files.list(folder)) {
            for (var file : all.toList()) {
                assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                        .isEqualTo("rw-------");
            }
        }
    }

    @Test
    void the_founders_has_no_invitation_and_replaces_one_that_had() throws Exception {
        files.save(new Membership(Founded.TEAM, Optional.of(Founded.KEY), Optional.empty()));

        assertThat(files.load().orElseThrow().invitation()).isEmpty();
        assertThat(folder.resolve("invitation")).doesNotExist();
    }

    @Test
    void one_that_was_left_is_none() throws Exception {
        files.delete();

        assertThat(files.load()).isEmpty();
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void without_the_key_of_a_private_network_there_is_no_membership() throws Exception {
        Files.delete(folder.resolve("swarm.key"));

        refused("network \"team\" is private, and its key is missing");
    }

    @Test
    void another_networks_key_is_refused() throws Exception {
        Files.writeString(folder.resolve("swarm.key"), PreSharedKey.generate().text());

        refused("the key is not that of network \"team\"");
    }

    @Test
    void a_damaged_key_is_refused_without_being_shown() throws Exception {
        var file = folder.resolve("swarm.key");
        Files.writeString(file, Founded.KEY.text().replace("30313233", "3031323g"));

        assertThatThrownBy(files::load)
                .isInstanceOf(NetworkException.class)
                .hasMessageContaining("key is not hexadecimal")
                .hasMessageNotContaining("343536");
    }

    @Test
    void files_that_others_may_read_are_refused() throws Exception {
        for (var name : new String[] {"swarm.key", "invitation"}) {
            var file = folder.resolve(name);
            Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));

            refused(file + " has mode rw-r--r--, expected rw------- (chmod 600)");
            Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
        }
    }

    @Test
    void a_description_of_another_version_is_refused_with_the_one_that_is_known() throws Exception {
        var file = folder.resolve("descriptor");
        var bytes = Files.readAllBytes(file);
        bytes["tensorlink network ".length()] = '2';
        Files.write(file, bytes);

        refused("descriptor is of another version than 1");
    }

    @Test
    void a_description_that_is_something_else_cut_or_too_long_is_refused() throws Exception {
        var file = folder.resolve("descriptor");
        var bytes = Files.readAllBytes(file);

        Files.writeString(file, "[network]\n");
        refused("descriptor does not begin with \"tensorlink network 1\"");
        Files.write(file, Arrays.copyOf(bytes, bytes.length - 1));
        refused("not a network's description");
        Files.write(file, new byte[5000]);
        refused("has more than 4117 bytes");
    }

    private void refused(String why) {
        assertThatThrownBy(files::load)
                .isInstanceOf(NetworkException.class)
                .hasMessageContaining(why);
    }
}
