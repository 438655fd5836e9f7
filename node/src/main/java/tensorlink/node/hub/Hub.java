package tensorlink.node.hub;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import tensorlink.jobs.job.Publication;
import tensorlink.p2p.core.Scheduler;

/**
 * A hub of models, huggingface.co or one that speaks as it does. For one thread at a time.
 *
 * <p>Source: huggingface.co/docs/hub/api, and what huggingface_hub asks.
 */
public final class Hub implements AutoCloseable {
    public static final URI HUGGING_FACE = URI.create("https://huggingface.co");

    private final HubHttp http;
    private final Download download;

    /**
     * @param endpoint scheme, host and port of the hub
     * @param token sent to the hub itself alone, for what is not open to all
     */
    public Hub(URI endpoint, Optional<String> token, Scheduler scheduler) {
        this(endpoint, token, scheduler, Download.PIECE_BYTES);
    }

    Hub(URI endpoint, Optional<String> token, Scheduler scheduler, int pieceBytes) {
        HubHttp.requireWeb("hub", endpoint);
        this.http = new HubHttp(endpoint, token);
        this.download = new Download(http, scheduler, pieceBytes, (_, _, _) -> {});
    }

    /**
     * Fetches a model's folder, which says where it is from ({@link PublicationFile}), and goes on
     * with what an earlier call has left in {@code parent}.
     *
     * @return the folder in {@code parent}, of files that are what the hub lists, at the commit
     *     that it is named after
     * @throws HubException when the model cannot be had or a file is not what was listed
     */
    public Path fetch(HubName name, Path parent) throws IOException, InterruptedException {
        var listing = HubListing.ask(name, http, download);
        var folder =
                parent.resolve(
                        ".hub-" + name.owner() + "--" + name.name() + "-" + listing.commit());
        Files.createDirectories(folder);
        for (var file : listing.files()) {
            download.fetch(listing.path(name, file), file, folder);
        }
        PublicationFile.write(folder, new Publication(name.owner(), name.name(), listing.commit()));
        return folder;
    }

    @Override
    public void close() {
        http.close();
    }
}
