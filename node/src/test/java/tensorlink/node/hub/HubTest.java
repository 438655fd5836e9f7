package tensorlink.node.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tensorlink.compute.Model;
import tensorlink.compute.ModelConfig;
import tensorlink.compute.tokenizer.Tokenizer;
import tensorlink.jobs.job.Publication;
import tensorlink.p2p.core.Scheduler;

/** A model is fetched whole and right, or not at all, whatever a hub does. */
@Timeout(60)
class HubTest {
    private static final String WEIGHTS = "model.safetensors";
    private static final int PIECE = 10_000;
    private static final HubName NAME = HubName.parse("hf:lab/small");

    @TempDir private Path temporary;
    private final Map<String, byte[]> files = new LinkedHashMap<>();
    private StandIn standIn;
    private Hub hub;
    private Path into;

    @BeforeEach
    void start() throws Exception {
        var folder = temporary.resolve("made");
        Model.initialize(ModelConfig.llama(64, 2, 260, 128), Tokenizer.bytes(), 1).save(folder);
        for (var name : new String[] {"config.json", "tokenizer.json", WEIGHTS}) {
            files.put(name, Files.readAllBytes(folder.resolve(name)));
        }
        var all = new LinkedHashMap<>(files);
        all.put("modeling_small.py", "import os".getBytes(StandardCharsets.US_ASCII));
        all.put("pytorch_model.bin", new byte[10]);
        standIn = new StandIn(all);
        hub = new Hub(standIn.endpoint(), Optional.empty(), Scheduler.system(), PIECE);
        into = temporary.resolve("models");
    }

    @AfterEach
    void stop() {
        hub.close();
        standIn.close();
    }

    @Test
    void a_model_is_fetched_whole_and_nothing_that_may_be_code() throws Exception {
        var folder = hub.fetch(NAME, into);

        for (var file : files.entrySet()) {
            assertThat(folder.resolve(file.getKey())).hasBinaryContent(file.getValue());
        }
        assertThat(standIn.asked())
                .allMatch(it -> files.containsKey(it.substring(0, it.indexOf(' '))))
                .contains(WEIGHTS + " bytes=0-9999", WEIGHTS + " bytes=10000-19999");
        assertThat(Model.load(folder).parameterCount()).isPositive();
        assertThat(PublicationFile.read(folder))
                .contains(new Publication("lab", "small", StandIn.COMMIT));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{ | not JSON",
                "{} | owner of 0 characters",
                "{\"owner\":\"..\"} | owner of 2 characters",
                "{\"owner\":\"a\",\"name\":\"b\",\"commit\":\"main\"} | commit of 4",
            })
    void where_a_model_is_from_is_not_said_by_anything(String json, String message)
            throws Exception {
        Files.writeString(temporary.resolve("published.json"), json);

        assertThatThrownBy(() -> PublicationFile.read(temporary))
                .isInstanceOf(HubException.class)
                .hasMessageContaining(message);
    }

    @Test
    void a_piece_that_ends_too_early_is_asked_for_again() throws Exception {
        var cut = new AtomicBoolean();
        standIn.answer((exchange, content, range) ->
                StandIn.cut(
                        exchange,
                        content,
                        range,
                        range.from() == PIECE && !cut.getAndSet(true) ? 100 : PIECE));

        var folder = hub.fetch(NAME, into);

        assertThat(folder.resolve(WEIGHTS)).hasBinaryContent(weights());
        assertThat(standIn.asked()).containsOnlyOnce(WEIGHTS + " bytes=0-9999");
        assertThat(standIn.asked())
                .filteredOn(it -> it.contains(" bytes=10000-"))
                .hasSizeGreaterThanOrEqualTo(2);
    }

    @Test
    void another_call_goes_on_with_what_the_last_one_left() throws Exception {
        standIn.answer((exchange, content, range) ->
                StandIn.cut(
                        exchange,
                        content,
                        range,
                        content.length == weights().length && range.from() == 3 * PIECE
                                ? 1
                                : PIECE));
        refused(WEIGHTS + ": ends after 30000 of " + weights().length + " bytes; try again");
        int before = standIn.asked().size();
        standIn.answer(StandIn::right);

        var folder = hub.fetch(NAME, into);

        assertThat(folder.resolve(WEIGHTS)).hasBinaryContent(weights());
        assertThat(standIn.asked().get(before)).isEqualTo(WEIGHTS + " bytes=30000-39999");
    }

    @Test
    void a_hub_that_ignores_ranges_gives_the_whole_at_once_or_again() throws Exception {
        standIn.answer((exchange, content, range) -> {
            if (range.from() == 2 * PIECE || content.length < PIECE) {
                StandIn.send(exchange, 200, content);
            } else {
                StandIn.right(exchange, content, range);
            }
        });

        var folder = hub.fetch(NAME, into);

        for (var file : files.entrySet()) {
            assertThat(folder.resolve(file.getKey())).hasBinaryContent(file.getValue());
        }
    }

    @Test
    void a_range_other_than_the_one_asked_for_is_refused() {
        standIn.answer((exchange, content, range) -> {
            exchange.getResponseHeaders().set("Content-Range", "bytes 0-9/10");
            StandIn.send(exchange, 206, Arrays.copyOf(content, 10));
        });

        refused("Content-Range: expected bytes 0-");
    }

    @Test
    void content_of_another_digest_is_refused_and_not_kept() throws Exception {
        standIn.answer((exchange, content, range) -> {
            var other = content.clone();
            other[other.length - 1] ^= 1;
            StandIn.right(exchange, other, range);
        });

        refused("config.json: SHA-1 ");
        try (var left = Files.walk(into)) {
            assertThat(left.filter(Files::isRegularFile)).isEmpty();
        }
    }

    @Test
    void weights_of_another_digest_are_refused() {
        standIn.answer((exchange, content, range) -> {
            var other = content.clone();
            if (content.length == weights().length) {
                other[other.length - 1] ^= 1;
            }
            StandIn.right(exchange, other, range);
        });

        refused("model.safetensors: SHA-256 ");
    }

    @Test
    void more_bytes_than_listed_are_not_taken() {
        standIn.answer((exchange, content, range) ->
                StandIn.send(exchange, 200, Arrays.copyOf(content, content.length + 1)));

        refused("config.json: more than the " + file("config.json").length + " bytes listed");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "https://10.0.0.1/file",
                "https://127.0.0.1:1/file",
                "https://169.254.169.254/latest/meta-data",
                "https://[::1]/file",
                "https://[fd00::1]/file",
                "https://[64:ff9b::a00:1]/file",
                "https://localhost/file",
            })
    void where_no_public_address_is_nothing_is_dialled(String location) {
        standIn.answer((exchange, content, range) -> StandIn.lead(exchange, location));

        refused("which is no public address and is not dialled");
    }

    @ParameterizedTest
    @ValueSource(strings = {"http://192.0.2.1/file", "file:///etc/passwd", "ftp://192.0.2.1/file"})
    void away_from_the_hub_only_https_is_spoken(String location) {
        standIn.answer((exchange, content, range) -> StandIn.lead(exchange, location));

        refused("leads away from the hub without https");
    }

    @Test
    void a_circle_of_redirects_ends() {
        standIn.answer((exchange, content, range) ->
                StandIn.lead(exchange, exchange.getRequestURI().toString()));

        refused("more than 5 redirects");
        assertThat(standIn.asked()).hasSize(1 + HubHttp.REDIRECTS_MAX);
    }

    @Test
    void a_listing_that_cannot_be_true_is_refused() {
        listed("{", "lab/small listing: not JSON");
        listed("{\"sha\":\"../../x\"}", "sha: expected a commit of 40 digits");
        listed(listing(""), "lab/small: has no config.json");
        listed(
                listing(sibling("config.json", 1, "blobId")),
                "lab/small: has no safetensors; other formats of weights may hold code");
        listed(
                listing(sibling(WEIGHTS, HubListing.FILE_BYTES_MAX + 1, "blobId")),
                "size: 21474836481 bytes, limit 21474836480");
        listed(listing(sibling(WEIGHTS, -1, "blobId")), "listed with neither size nor digest");
        listed(listing(sibling(WEIGHTS, 1, "id")), "listed with neither size nor digest");
        listed(
                listing(
                        sibling("config.json", 1, "blobId")
                                + ","
                                + sibling(WEIGHTS, 1, "blobId")
                                + ","
                                + sibling(WEIGHTS, 1, "blobId")),
                "names a file twice");
        listed(
                " ".repeat(HubListing.BYTES_MAX + 1),
                "lab/small listing: more bytes than the limit 4194304");
    }

    @Test
    void what_the_hub_has_not_is_said() {
        assertThatThrownBy(() -> hub.fetch(HubName.parse("hf:lab/other"), into))
                .isInstanceOf(HubException.class)
                .hasMessage("lab/other at main: the server has none");
        assertThatThrownBy(() -> hub.fetch(HubName.parse("hf:lab/small@v2"), into))
                .hasMessage("lab/small at v2: the server has none");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "hf:",
                "hf:a",
                "hf:a/b/c",
                "hf:../b",
                "hf:a/..",
                "hf:a/b@",
                "hf:a/b@../c",
                "hf:a/b?c"
            })
    void names_that_are_none_are_refused(String said) {
        assertThatThrownBy(() -> HubName.parse(said)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void a_hub_is_reached_by_http_or_https() {
        assertThatThrownBy(() ->
                        new Hub(URI.create("file:///x"), Optional.empty(), Scheduler.system()))
                .hasMessage("hub file:///x: must be https://HOST or http://HOST");
    }

    private void refused(String message) {
        assertThatThrownBy(() -> hub.fetch(NAME, into))
                .isInstanceOf(HubException.class)
                .hasMessageContaining(message);
    }

    private void listed(String json, String message) {
        standIn.list(json);
        refused(message);
    }

    private static String listing(String siblings) {
        return "{\"sha\":\"" + StandIn.COMMIT + "\",\"siblings\":[" + siblings + "]}";
    }

    private static String sibling(String name, long size, String field) {
        return "{\"rfilename\":\"%s\",\"size\":%d,\"%s\":\"%s\"}"
                .formatted(name, size, field, StandIn.COMMIT);
    }

    private byte[] weights() {
        return file(WEIGHTS);
    }

    private byte[] file(String name) {
        return files.getOrDefault(name, new byte[0]);
    }
}
