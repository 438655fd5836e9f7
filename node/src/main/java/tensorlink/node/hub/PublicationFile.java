package tensorlink.node.hub;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Optional;
import tensorlink.compute.format.AtomicFile;
import tensorlink.compute.format.ModelFile;
import tensorlink.jobs.job.Publication;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/** What a model's folder says of where its files were published. */
public final class PublicationFile {
    private static final String NAME = "published.json";
    private static final int BYTES_MAX = 4096;

    private PublicationFile() {}

    /**
     * Where the model in {@code folder} was published, if it is known.
     *
     * @throws HubException when the folder says what cannot be
     */
    public static Optional<Publication> read(Path folder) throws IOException {
        if (!ModelFile.exists(folder, NAME)) {
            return Optional.empty();
        }
        var file = ModelFile.in(folder, NAME);
        try {
            var json = new JsonMapper().readTree(file.bytes(BYTES_MAX));
            return Optional.of(
                    new Publication(
                            json.path("owner").asString(""),
                            json.path("name").asString(""),
                            json.path("commit").asString("")));
        } catch (JacksonException malformed) {
            throw new HubException(file.toString(), "not JSON");
        } catch (IllegalArgumentException wrong) {
            throw new HubException(file.toString(), String.valueOf(wrong.getMessage()));
        }
    }

    /** Has {@code folder} say it. */
    public static void write(Path folder, Publication publication)
            throws IOException, InterruptedException {
        var fields = new LinkedHashMap<String, String>();
        fields.put("owner", publication.owner());
        fields.put("name", publication.name());
        fields.put("commit", publication.commit());
        Files.createDirectories(folder);
        AtomicFile.write(folder.resolve(NAME), new JsonMapper().writeValueAsBytes(fields));
    }
}
