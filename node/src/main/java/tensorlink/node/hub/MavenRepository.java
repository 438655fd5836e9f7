package tensorlink.node.hub;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import tensorlink.p2p.core.Scheduler;

/**
 * Where Maven has its libraries from, Maven Central or one that is laid out as it is. For one
 * thread at a time.
 */
public final class MavenRepository implements AutoCloseable {
    public static final URI CENTRAL = URI.create("https://repo.maven.apache.org/maven2");

    private final HubHttp http;
    private final Download download;
    private final String root;

    /**
     * @param endpoint scheme, host, port and path of the repository
     * @param progress hears of each file that is fetched
     */
    public MavenRepository(URI endpoint, Scheduler scheduler, DownloadProgress progress) {
        this(endpoint, scheduler, progress, Download.PIECE_BYTES);
    }

    MavenRepository(URI endpoint, Scheduler scheduler, DownloadProgress progress, int pieceBytes) {
        HubHttp.requireWeb("repository", endpoint);
        this.http = new HubHttp(endpoint, Optional.empty());
        this.download = new Download(http, scheduler, pieceBytes, progress);
        this.root = endpoint.getPath().replaceAll("/+$", "");
    }

    /**
     * Fetches a library, and goes on with what an earlier call has left in {@code folder}; one that
     * is there already is not asked for.
     *
     * @return the file in {@code folder}, which is what {@code library} says
     * @throws HubException when it cannot be had, or is something else
     */
    public Path fetch(MavenLibrary library, Path folder) throws IOException, InterruptedException {
        Files.createDirectories(folder);
        var file =
                new HubFile(library.fileName(), library.size(), HubFile.Kind.MAVEN, library.sha1());
        download.fetch(root + "/" + library.path(), file, folder);
        return folder.resolve(library.fileName());
    }

    @Override
    public void close() {
        http.close();
    }
}
