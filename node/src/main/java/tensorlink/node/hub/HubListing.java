package tensorlink.node.hub;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * What a hub has of a model at one commit, as far as it is wanted: configuration, tokenizer and
 * safetensors at the top. Code and weights in formats that may hold code are passed over.
 */
record HubListing(String commit, List<HubFile> files) {
    /** The most bytes of a listing. */
    static final int BYTES_MAX = 4 << 20;

    /** The most bytes of a file, as of one safetensors file. */
    static final long FILE_BYTES_MAX = 20L << 30;

    /** The most files of weights. */
    static final int FILES_MAX = 1_000;

    private static final String CONFIG = "config.json";
    private static final Pattern WEIGHTS =
            Pattern.compile("model(-\\d{5}-of-\\d{5})?\\.safetensors(\\.index\\.json)?");
    private static final Pattern COMMIT = Pattern.compile("[0-9a-f]{40}");

    HubListing {
        files = List.copyOf(files);
    }

    /** Asks a hub what it has. */
    static HubListing ask(HubName name, HubHttp http, Download download)
            throws IOException, InterruptedException {
        var path = "/api/models/" + name + "/revision/" + name.revision() + "?blobs=true";
        var answer = http.get(path, "");
        try (var body = answer.body()) {
            Download.requireStatus(name + " at " + name.revision(), answer.statusCode());
            var bytes = download.watched(body, () -> body.readNBytes(BYTES_MAX + 1));
            if (bytes.length > BYTES_MAX) {
                throw new HubException(name + " listing", "more bytes than the limit " + BYTES_MAX);
            }
            return parse(name, bytes);
        }
    }

    /** Where a file is had from. */
    String path(HubName name, HubFile file) {
        return "/" + name + "/resolve/" + commit + "/" + file.name();
    }

    /** The file of that name. */
    Optional<HubFile> file(String name) {
        return files.stream().filter(file -> file.name().equals(name)).findFirst();
    }

    static HubListing parse(HubName name, byte[] json) throws HubException {
        JsonNode listing;
        try {
            listing = new JsonMapper().readTree(json);
        } catch (JacksonException malformed) {
            throw new HubException(name + " listing", "not JSON");
        }
        var commit = listing.path("sha").asString("");
        if (!COMMIT.matcher(commit).matches()) {
            throw new HubException(name + " listing", "sha: expected a commit of 40 digits");
        }
        var files = new ArrayList<HubFile>();
        for (var sibling : listing.path("siblings")) {
            var file = sibling.path("rfilename").asString("");
            if (file.equals(CONFIG)
                    || file.equals("tokenizer.json")
                    || WEIGHTS.matcher(file).matches()) {
                files.add(file(name, file, sibling));
            }
        }
        requireEnough(name, files);
        return new HubListing(commit, files);
    }

    private static HubFile file(HubName name, String file, JsonNode sibling) throws HubException {
        var lfs = sibling.path("lfs").path("sha256");
        long size = sibling.path("size").asLong(-1);
        if (size > FILE_BYTES_MAX) {
            throw new HubException(
                    name + "/" + file, "size: " + size + " bytes, limit " + FILE_BYTES_MAX);
        }
        try {
            return lfs.isString()
                    ? new HubFile(file, size, HubFile.Kind.LFS, lfs.asString())
                    : new HubFile(
                            file, size, HubFile.Kind.GIT, sibling.path("blobId").asString(""));
        } catch (IllegalArgumentException wrong) {
            throw new HubException(
                    name + "/" + file,
                    "listed with neither size nor digest: " + wrong.getMessage());
        }
    }

    private static void requireEnough(HubName name, List<HubFile> files) throws HubException {
        var names = files.stream().map(HubFile::name).toList();
        if (!names.contains(CONFIG)) {
            throw new HubException(name.toString(), "has no config.json");
        }
        if (names.stream().noneMatch(it -> it.endsWith(".safetensors"))) {
            throw new HubException(
                    name.toString(),
                    "has no safetensors; other formats of weights may hold code and are not"
                            + " fetched");
        }
        if (names.size() > FILES_MAX) {
            throw new HubException(name.toString(), names.size() + " files, limit " + FILES_MAX);
        }
        if (names.stream().distinct().count() < names.size()) {
            throw new HubException(name + " listing", "names a file twice");
        }
    }
}
