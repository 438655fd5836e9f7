package tensorlink.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where a node keeps its files, and that only one node does. */
class HomeTest {
    @TempDir private Path folder;

    @Test
    void the_home_of_a_user_follows_the_xdg_convention() {
        var user = Path.of("/home/somebody");

        assertThat(Home.ofUser(Map.of(), user).folder())
                .isEqualTo(Path.of("/home/somebody/.local/share/tensorlink"));
        assertThat(Home.ofUser(Map.of("XDG_DATA_HOME", "/data"), user).folder())
                .isEqualTo(Path.of("/data/tensorlink"));
        assertThat(Home.ofUser(Map.of("XDG_DATA_HOME", "relative"), user).folder())
                .isEqualTo(Path.of("/home/somebody/.local/share/tensorlink"));
        assertThat(Home.ofUser(Map.of("XDG_DATA_HOME", ""), user).folder())
                .isEqualTo(Path.of("/home/somebody/.local/share/tensorlink"));
    }

    @Test
    void a_fresh_home_is_deleted_with_all_that_is_in_it_and_any_other_stays() throws Exception {
        var fresh = Home.fresh();
        var stays = Home.at(folder);
        Files.createDirectories(fresh.identity());
        Files.writeString(fresh.identity().resolve("file"), "text");

        fresh.release();
        fresh.release();
        stays.release();

        assertThat(fresh.folder()).doesNotExist();
        assertThat(stays.folder()).exists();
    }

    @Test
    void a_new_home_is_for_its_owner_alone() throws Exception {
        var home = Home.at(folder.resolve("deep").resolve("home"));

        HomeLock.take(home).close();

        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(home.folder())))
                .isEqualTo("rwx------");
    }

    @Test
    void a_home_has_one_holder_at_a_time_by_whatever_path_it_is_named() throws Exception {
        var home = Home.at(folder.resolve("home"));
        var alias = Home.at(folder.resolve("alias"));
        Files.createDirectories(home.folder());
        Files.createSymbolicLink(alias.folder(), home.folder());

        try (var _ = HomeLock.take(home)) {
            assertThatThrownBy(() -> HomeLock.take(alias))
                    .isInstanceOf(HomeInUseException.class)
                    .hasMessage(
                            "the home "
                                    + alias.folder()
                                    + " is in use by another node of this process");
        }

        try (var again = HomeLock.take(alias)) {
            assertThat(again).isNotNull();
        }
    }

    @Test
    void a_file_in_the_place_of_the_folder_is_refused() throws Exception {
        var file = Files.createFile(folder.resolve("file"));

        assertThatThrownBy(() -> HomeLock.take(Home.at(file)))
                .isInstanceOf(NotDirectoryException.class)
                .hasMessageContaining(file.toString());
    }
}
