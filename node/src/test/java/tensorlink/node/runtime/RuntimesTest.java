package tensorlink.node.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tensorlink.node.http.LocalHttp;
import tensorlink.node.hub.HubException;
import tensorlink.node.hub.MavenLibrary;
import tensorlink.node.hub.MavenRepository;
import tensorlink.node.runtime.Runtimes.State;
import tensorlink.p2p.core.Scheduler;

/** Kernels are fetched whole and right from a stand-in on loopback, and chosen when they fit. */
@Timeout(60)
class RuntimesTest {
    private static final String PLATFORM = "linux-x86_64";
    private static final byte[] ENGINE = "the engine".getBytes(StandardCharsets.UTF_8);
    private static final byte[] LIBRARY = new byte[100_000];
    private static final byte[] NATIVE = natives();

    @TempDir private Path folder;
    private HttpServer server;
    private final Map<String, byte[]> files = new ConcurrentHashMap<>();
    private final List<String> asked = Collections.synchronizedList(new ArrayList<>());
    private final List<String> progress = new ArrayList<>();
    private RuntimeSet set;
    private Runtimes runtimes;

    @BeforeEach
    void start() throws Exception {
        var engine = library("pytorch-engine", "0.32.0", "", ENGINE);
        var natives = library("pytorch-native-cu124", "2.5.1", PLATFORM, NATIVE);
        set = new RuntimeSet("cuda", "2.5.1", "cu124", PLATFORM, List.of(engine, natives));
        runtimes = new Runtimes(folder, List.of(set), PLATFORM);
        server = LocalHttp.create();
        server.createContext("/", this::answer);
        server.start();
    }

    @AfterEach
    void stop() {
        server.stop(0);
    }

    /** A jar as natives are packed, with what is no library of theirs. */
    private static byte[] natives() {
        var bytes = new ByteArrayOutputStream();
        try (var jar = new ZipOutputStream(bytes)) {
            for (var name :
                    List.of(
                            "META-INF/MANIFEST.MF",
                            "native/lib/pytorch.properties",
                            "pytorch/cu124/linux-x86_64/libtorch_cpu.so",
                            "pytorch/cu124/linux-x86_64/libcudart-9335f6a2.so.12",
                            "pytorch/cu124/linux-x86_64/../../stray.so",
                            "pytorch/cu124/linux-x86_64/deeper/libother.so")) {
                jar.putNextEntry(new ZipEntry(name));
                jar.write(LIBRARY);
            }
        } catch (IOException memoryNeverFails) {
            throw new UncheckedIOException(memoryNeverFails);
        }
        return bytes.toByteArray();
    }

    private MavenLibrary library(String artifact, String version, String classifier, byte[] content)
            throws Exception {
        var sha1 = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-1").digest(content));
        var library =
                new MavenLibrary(
                        "ai.djl.pytorch", artifact, version, classifier, content.length, sha1);
        files.put("/maven2/" + library.path(), content);
        return library;
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            var path = exchange.getRequestURI().getPath();
            var content = files.get(path);
            if (content == null) {
                exchange.sendResponseHeaders(404, -1);
                return;
            }
            asked.add(path);
            var range = exchange.getRequestHeaders().getFirst("Range").substring("bytes=".length());
            int from = Integer.parseInt(range.substring(0, range.indexOf('-')));
            int end = Integer.parseInt(range.substring(range.indexOf('-') + 1)) + 1;
            exchange.getResponseHeaders()
                    .set("Content-Range", "bytes " + from + "-" + (end - 1) + "/" + content.length);
            exchange.sendResponseHeaders(206, end - from);
            exchange.getResponseBody().write(content, from, end - from);
        }
    }

    private void install() throws Exception {
        var root = "http://127.0.0.1:" + server.getAddress().getPort() + "/maven2";
        try (var maven =
                new MavenRepository(
                        URI.create(root),
                        Scheduler.system(),
                        (file, bytes, size) -> progress.add(file + " " + bytes + "/" + size))) {
            runtimes.install("cuda", maven);
        }
    }

    private State state() throws IOException {
        return runtimes.list().stream()
                .filter(entry -> entry.name().equals("cuda"))
                .findFirst()
                .orElseThrow()
                .state();
    }

    // Fetched.

    @Test
    void a_set_is_fetched_and_chosen_and_then_computed_with() throws Exception {
        assertThat(state()).isEqualTo(State.AVAILABLE);
        assertThatThrownBy(() -> runtimes.use("cuda"))
                .isInstanceOf(RuntimeChoiceException.class)
                .hasMessageContaining("cuda: is not installed whole")
                .hasMessageContaining("tensorlink runtime install cuda");

        install();
        runtimes.use("cuda");

        assertThat(state()).isEqualTo(State.INSTALLED);
        assertThat(progress)
                .contains(
                        "pytorch-native-cu124-2.5.1-linux-x86_64.jar "
                                + NATIVE.length
                                + "/"
                                + NATIVE.length);
        var kernels = runtimes.kernels().orElseThrow();
        assertThat(kernels.jars())
                .extracting(jar -> jar.getFileName().toString())
                .containsExactly("pytorch-engine-0.32.0.jar");
        var libraries = folder.resolve("cuda-2.5.1").resolve("lib");
        assertThat(kernels.properties())
                .isEqualTo(
                        Map.of(
                                "PYTORCH_LIBRARY_PATH",
                                libraries.toString(),
                                "PYTORCH_VERSION",
                                "2.5.1",
                                "PYTORCH_FLAVOR",
                                "cu124"));
        assertThat(libraries)
                .isDirectoryContaining("glob:**/libtorch_cpu.so")
                .isDirectoryContaining("glob:**/libcudart-9335f6a2.so.12");
        try (var unpacked = Files.list(libraries)) {
            assertThat(unpacked)
                    .hasSize(2)
                    .allSatisfy(library -> assertThat(library).hasBinaryContent(LIBRARY));
        }
        assertThat(runtimes.flavour()).isEqualTo("cu124");
        assertThat(runtimes.list())
                .filteredOn(Runtimes.Entry::chosen)
                .extracting(Runtimes.Entry::name)
                .containsExactly("cuda");
    }

    @Test
    void what_was_fetched_and_not_unpacked_is_unpacked() throws Exception {
        install();
        var libraries = folder.resolve("cuda-2.5.1").resolve("lib");
        Files.move(libraries, libraries.resolveSibling("lib.part"));
        assertThat(state()).isEqualTo(State.AVAILABLE);
        asked.clear();

        install();

        assertThat(asked).isEmpty();
        assertThat(state()).isEqualTo(State.INSTALLED);
    }

    @Test
    void what_is_here_is_not_asked_for_again() throws Exception {
        install();
        asked.clear();

        install();

        assertThat(asked).isEmpty();
    }

    @Test
    void what_was_interrupted_goes_on() throws Exception {
        var path = "/maven2/" + set.libraries().getLast().path();
        files.remove(path);
        assertThatThrownBy(this::install).isInstanceOf(HubException.class);
        assertThat(state()).isEqualTo(State.AVAILABLE);
        files.put(path, NATIVE);
        asked.clear();

        install();

        assertThat(asked).containsExactly(path);
        assertThat(state()).isEqualTo(State.INSTALLED);
    }

    @Test
    void a_library_with_another_digest_is_refused_and_not_kept() throws Exception {
        var other = NATIVE.clone();
        other[7] = 1;
        files.put("/maven2/" + set.libraries().getLast().path(), other);

        assertThatThrownBy(this::install)
                .isInstanceOf(HubException.class)
                .hasMessageContaining("SHA-1")
                .hasMessageContaining("expected " + set.libraries().getLast().sha1());

        assertThat(state()).isEqualTo(State.AVAILABLE);
    }

    @Test
    void what_is_for_other_machines_or_larger_than_the_disk_is_refused() throws Exception {
        runtimes = new Runtimes(folder, List.of(set), "osx-aarch64");
        assertThat(state()).isEqualTo(State.FOREIGN);
        assertThatThrownBy(this::install)
                .isInstanceOf(RuntimeChoiceException.class)
                .hasMessage("cuda: is for linux-x86_64, this machine is osx-aarch64");

        var large = new MavenLibrary("g", "a", "1", "", Long.MAX_VALUE, "0".repeat(40));
        set = new RuntimeSet("cuda", "2.5.1", "cu124", PLATFORM, List.of(large));
        runtimes = new Runtimes(folder, List.of(set), PLATFORM);
        assertThatThrownBy(this::install)
                .isInstanceOf(RuntimeChoiceException.class)
                .hasMessageStartingWith("cuda: needs 9,223,372,036,854,775,807 bytes in " + folder);
        assertThat(asked).isEmpty();
    }

    @Test
    void a_set_that_is_gone_after_it_was_chosen_is_missed_at_the_start() throws Exception {
        install();
        runtimes.use("cuda");
        Files.delete(runtimes.kernels().orElseThrow().jars().getFirst());

        assertThatThrownBy(() -> runtimes.kernels())
                .isInstanceOf(RuntimeChoiceException.class)
                .hasMessageContaining("cuda: is not installed whole");
    }

    @Test
    void the_set_with_cuda_is_the_one_that_maven_central_has_whole() {
        assertThat(RuntimeSet.CUDA.libraries())
                .extracting(MavenLibrary::path)
                .containsExactly(
                        "ai/djl/api/0.32.0/api-0.32.0.jar",
                        "ai/djl/pytorch/pytorch-engine/0.32.0/pytorch-engine-0.32.0.jar",
                        "ai/djl/pytorch/pytorch-jni/2.5.1-0.32.0/pytorch-jni-2.5.1-0.32.0.jar",
                        "ai/djl/pytorch/pytorch-native-cu124/2.5.1/"
                                + "pytorch-native-cu124-2.5.1-linux-x86_64.jar");
        assertThat(RuntimeSet.CUDA.bytes()).isEqualTo(2_463_600_796L);
    }

    // Chosen.

    @Test
    void what_came_with_the_program_is_chosen_unless_something_else_is() throws Exception {
        assertThat(runtimes.kernels()).isEmpty();

        runtimes.use(torch("2.7.1+cu128", "c10_cuda", "torch_cuda").toString());
        assertThat(runtimes.kernels()).isPresent();
        runtimes.use("cpu");

        assertThat(runtimes.kernels()).isEqualTo(Optional.empty());
        assertThat(runtimes.list().getFirst())
                .isEqualTo(new Runtimes.Entry("cpu", "2.7.1", "cpu", State.BUNDLED, 0, true));
    }

    @Test
    void neither_a_runtime_nor_a_folder_is_refused() {
        assertThatThrownBy(() -> runtimes.use("rocm"))
                .isInstanceOf(RuntimeChoiceException.class)
                .hasMessage("rocm: neither a runtime nor a folder\n  try: tensorlink runtime list");
    }

    /** A folder as libtorch is packed, with more libraries than those for processors. */
    private Path torch(String version, String... more) throws IOException {
        var torch = Files.createDirectories(folder.resolve("libtorch"));
        Files.writeString(torch.resolve("build-version"), version + "\n");
        var lib = Files.createDirectories(torch.resolve("lib"));
        var names = new ArrayList<>(List.of("c10", "torch", "torch_cpu"));
        names.addAll(List.of(more));
        for (var name : names) {
            Files.writeString(lib.resolve(System.mapLibraryName(name)), "");
        }
        return torch;
    }

    @Test
    void an_installed_libtorch_of_the_version_is_used_from_where_it_is() throws Exception {
        var torch = torch("2.7.1+cu128", "c10_cuda", "torch_cuda");

        runtimes.use(torch.toString());

        assertThat(runtimes.kernels().orElseThrow().jars()).isEmpty();
        assertThat(runtimes.kernels().orElseThrow().properties())
                .isEqualTo(
                        Map.of(
                                "PYTORCH_LIBRARY_PATH",
                                torch.resolve("lib").toString(),
                                "PYTORCH_VERSION",
                                "2.7.1",
                                "PYTORCH_FLAVOR",
                                "cu128"));
        assertThat(runtimes.list().getLast())
                .isEqualTo(
                        new Runtimes.Entry(
                                torch.toString(), "2.7.1", "cu128", State.ELSEWHERE, 0, true));
    }

    @Test
    void a_libtorch_without_a_suffix_is_for_processors() throws Exception {
        runtimes.use(torch("2.7.1").toString());

        assertThat(runtimes.kernels().orElseThrow().properties())
                .containsEntry("PYTORCH_FLAVOR", "cpu");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "2.7.0 | : libtorch 2.7.0, this program fits 2.7.1 alone",
                "2.13.0+cu130 | : libtorch 2.13.0+cu130, this program fits 2.7.1 alone",
                "2.7.1+cu118 | : libtorch for cu118, this program fits those for [cpu, cu128]",
                "2.7.1+cu128 | /lib/libc10_cuda.so is missing",
                "two | /build-version: no version: two",
                "2.7.1 \u00e9 | /build-version: no version: 2.7.1 ??"
            })
    void a_libtorch_that_does_not_fit_is_refused(String given) throws Exception {
        var parts = given.split(" \\| ", -1);
        var torch = torch(parts[0]);

        assertThatThrownBy(() -> runtimes.use(torch.toString()))
                .isInstanceOf(RuntimeChoiceException.class)
                .hasMessageContaining(torch.toString())
                .hasMessageEndingWith(parts[1]);
        assertThat(runtimes.kernels()).isEmpty();
    }

    @Test
    void a_folder_without_a_libtorch_is_refused() throws Exception {
        var empty = Files.createDirectories(folder.resolve("empty"));

        assertThatThrownBy(() -> runtimes.use(empty.toString()))
                .isInstanceOf(RuntimeChoiceException.class)
                .hasMessage(
                        empty + ": no libtorch, which has a file build-version and a folder lib");
    }
}
