package tensorlink.node.cli;

import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;
import tensorlink.node.Home;

/** The flag that names a node's folder. */
final class HomeFlag {
    @Option(
            names = "--home",
            paramLabel = "FOLDER",
            description =
                    "where the node keeps its identity and state; ~/.local/share/tensorlink unless"
                            + " said (train and run: a new one that is deleted afterwards)")
    private @Nullable Path home;

    /** The node's folder. */
    Home home() {
        return home == null
                ? Home.ofUser(System.getenv(), Path.of(System.getProperty("user.home")))
                : Home.at(home);
    }

    /** A home that stays if one was named, else one for this run only. */
    Home homeOrTemporary() throws IOException {
        return home == null ? Home.fresh() : Home.at(home);
    }
}
