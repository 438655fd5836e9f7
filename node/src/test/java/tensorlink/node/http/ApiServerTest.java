package tensorlink.node.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The status page answers this machine's owner, and nobody and nothing else. */
class ApiServerTest {
    private static final JsonMapper JSON = new JsonMapper();
    private static final String PATH = "/api/v1/status";
    private static final String ASK = "/api/v1/echo";
    private static final List<Route> ROUTES =
            List.of(
                    Route.get(PATH, () -> Map.of("state", "ready")),
                    Route.post(ASK, ApiServerTest::echo));

    @TempDir private Path folder;

    private Path file;
    private ApiServer server;
    private HttpClient client;
    private String token;

    @BeforeEach
    void start() throws Exception {
        file = folder.resolve("api.json");
        server = ApiServer.start("127.0.0.1", 0, file, ROUTES);
        client = HttpClient.newHttpClient();
        token = JSON.readTree(Files.readAllBytes(file)).path("token").asString();
    }

    @AfterEach
    void stop() {
        client.close();
        server.close();
    }

    @Test
    void the_owner_gets_the_status_as_json() throws Exception {
        var response = send(request(PATH + "?pretty").GET());

        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.headers().firstValue("Content-Type")).contains("application/json");
        assertThat(json(response).path("state").asString()).isEqualTo("ready");
    }

    @Test
    void the_file_says_where_and_with_what_token_and_is_for_the_owner_alone() throws Exception {
        var told = JSON.readTree(Files.readAllBytes(file));

        assertThat(told.path("host").asString()).isEqualTo("127.0.0.1");
        assertThat(told.path("port").asInt()).isEqualTo(server.port());
        assertThat(token).matches("[0-9a-f]{64}");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-------");
    }

    @Test
    void without_the_token_nothing_is_told_not_even_what_there_is() throws Exception {
        for (var authorization : new String[] {"", "Bearer", "Bearer " + token + "0", "Basic x"}) {
            for (var path : new String[] {PATH, "/", "/secret"}) {
                var response =
                        send(
                                HttpRequest.newBuilder(uri(path))
                                        .setHeader("Authorization", authorization));

                assertThat(response.statusCode()).isEqualTo(401);
                assertThat(message(response)).contains("a token is needed");
            }
        }
    }

    @Test
    void other_paths_are_refused_and_none_shows_a_folder() throws Exception {
        for (var path :
                new String[] {
                    "/",
                    "/api",
                    "/api/v1/",
                    PATH + "/",
                    "/api/v1/status/..",
                    "/../etc/passwd",
                    "/%2e%2e/"
                }) {
            var response = send(request(path).GET());

            assertThat(response.statusCode()).as(path).isEqualTo(404);
            assertThat(message(response))
                    .as(path)
                    .isEqualTo("there is only /api/v1/status, /api/v1/echo");
        }
    }

    @Test
    void other_methods_are_refused_with_the_one_that_is_allowed() throws Exception {
        for (var method : new String[] {"POST", "PUT", "DELETE", "HEAD", "OPTIONS", "BREW"}) {
            var response = send(request(PATH).method(method, HttpRequest.BodyPublishers.noBody()));

            assertThat(response.statusCode()).as(method).isEqualTo(405);
            assertThat(response.headers().firstValue("Allow")).as(method).contains("GET");
        }
    }

    private static Map<String, Object> echo(JsonNode question) throws IOException {
        return switch (question.path("say").asString("")) {
            case "" -> throw new IllegalArgumentException("say: missing");
            case "fail" -> throw new IOException("nobody answers");
            default -> Map.of("said", question.path("say").asString());
        };
    }

    @Test
    void a_question_is_answered_or_told_why_not() throws Exception {
        var answered = send(ask("{\"say\":\"hello\"}"));
        var senseless = send(ask("{}"));
        var failed = send(ask("{\"say\":\"fail\"}"));
        var malformed = send(ask("{"));
        var large = send(ask("\"" + "x".repeat(1 << 16) + "\""));

        assertThat(answered.statusCode()).isEqualTo(200);
        assertThat(json(answered).path("said").asString()).isEqualTo("hello");
        assertThat(senseless.statusCode()).isEqualTo(400);
        assertThat(message(senseless)).isEqualTo("say: missing");
        assertThat(failed.statusCode()).isEqualTo(502);
        assertThat(message(failed)).isEqualTo("nobody answers");
        assertThat(malformed.statusCode()).isEqualTo(400);
        assertThat(message(malformed)).isEqualTo("the question is not JSON");
        assertThat(large.statusCode()).isEqualTo(413);
        assertThat(send(request(ASK).GET()).statusCode()).isEqualTo(405);
    }

    private HttpRequest.Builder ask(String body) {
        return request(ASK).POST(HttpRequest.BodyPublishers.ofString(body));
    }

    @Test
    void a_host_header_that_names_another_place_is_refused() throws Exception {
        for (var host :
                new String[] {
                    "evil.example",
                    "localhost.evil.example",
                    "127.0.0.1",
                    "127.0.0.1:1",
                    "127.0.0.1:80@x"
                }) {
            assertThat(raw("GET " + PATH + " HTTP/1.1\r\nHost: " + host + "\r\n" + bearer()))
                    .as(host)
                    .startsWith("HTTP/1.1 403 ");
        }
        var twice = "Host: localhost:" + server.port() + "\r\n";
        assertThat(raw("GET " + PATH + " HTTP/1.1\r\n" + twice + twice + bearer()))
                .startsWith("HTTP/1.1 4");
        assertThat(raw("GET " + PATH + " HTTP/1.1\r\n" + twice + bearer()))
                .startsWith("HTTP/1.1 200 ");
    }

    @Test
    void too_many_or_too_largeheaders_are_not_read() throws Exception {
        var host = "Host: localhost:" + server.port() + "\r\n";

        var different = new StringBuilder();
        for (int i = 0; i < 65; i++) {
            different.append("X-").append(i).append(": 1\r\n");
        }

        var many = raw("GET " + PATH + " HTTP/1.1\r\n" + host + different + bearer());
        var large =
                raw(
                        "GET "
                                + PATH
                                + " HTTP/1.1\r\n"
                                + host
                                + "X: "
                                + "x".repeat(9_000)
                                + "\r\n"
                                + bearer());

        assertThat(many).doesNotContain("ready");
        assertThat(large).doesNotContain("ready");
        assertThat(send(request(PATH)).statusCode()).isEqualTo(200);
    }

    @Test
    void a_body_that_never_ends_is_not_waited_for() throws Exception {
        var answer =
                raw(
                        "POST "
                                + PATH
                                + " HTTP/1.1\r\nHost: localhost:"
                                + server.port()
                                + "\r\nContent-Length: 1000000000\r\n"
                                + bearer()
                                + "x");

        assertThat(answer).startsWith("HTTP/1.1 405 ");
    }

    @Test
    void a_client_that_does_not_finish_its_request_is_dropped_and_others_are_served()
            throws Exception {
        try (var slow = connect()) {
            slow.getOutputStream().write("GET /api".getBytes(StandardCharsets.US_ASCII));

            assertThat(send(request(PATH)).statusCode()).isEqualTo(200);

            assertThat(rest(slow)).isEmpty(); // the read ends: the server has closed
        }
    }

    @Test
    void a_status_that_cannot_be_made_is_our_error() throws Exception {
        try (var broken =
                ApiServer.start(
                        "[::1]",
                        0,
                        folder.resolve("broken.json"),
                        List.of(
                                Route.get(
                                        PATH,
                                        () -> {
                                            throw new IllegalStateException("on purpose");
                                        })))) {
            var told = JSON.readTree(Files.readAllBytes(folder.resolve("broken.json")));
            var response =
                    send(
                            HttpRequest.newBuilder(
                                            URI.create("http://[::1]:" + broken.port() + PATH))
                                    .header(
                                            "Authorization",
                                            "Bearer " + told.path("token").asString()));

            assertThat(response.statusCode()).isEqualTo(500);
            assertThat(message(response)).doesNotContain("on purpose");
        }
    }

    @Test
    void a_taken_port_and_an_address_of_other_machines_are_refused_by_name() {
        assertThatThrownBy(() -> start("127.0.0.1", server.port()))
                .isInstanceOf(IOException.class)
                .hasMessage(
                        "cannot listen at 127.0.0.1:" + server.port() + ": Address already in use");
        assertThatThrownBy(() -> start("0.0.0.0", 0))
                .isInstanceOf(IOException.class)
                .hasMessage("will not listen at 0.0.0.0: other machines could ask");
    }

    private void start(String host, int port) throws IOException {
        ApiServer.start(host, port, folder.resolve("other.json"), List.of()).close();
    }

    @Test
    void a_closed_server_answers_nobody_and_takes_its_file_away() {
        server.close();
        server.close();

        assertThat(file).doesNotExist();
        assertThatThrownBy(() -> send(request(PATH))).isInstanceOf(IOException.class);
    }

    private String bearer() {
        return "Connection: close\r\nAuthorization: Bearer " + token + "\r\n\r\n";
    }

    private URI uri(String path) {
        return URI.create("http://127.0.0.1:" + server.port() + path);
    }

    private HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(uri(path)).header("Authorization", "Bearer " + token);
    }

    private HttpResponse<String> send(HttpRequest.Builder request) throws Exception {
        return client.send(
                request.version(HttpClient.Version.HTTP_1_1).build(),
                HttpResponse.BodyHandlers.ofString());
    }

    private static JsonNode json(HttpResponse<String> response) {
        return JSON.readTree(response.body());
    }

    private static String message(HttpResponse<String> response) {
        return json(response).path("error").path("message").asString();
    }

    private Socket connect() throws IOException {
        var socket = new Socket(InetAddress.getLoopbackAddress(), server.port());
        socket.setSoTimeout(10_000);
        return socket;
    }

    private String raw(String request) throws IOException {
        try (var socket = connect()) {
            socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
            return rest(socket);
        }
    }

    /** What comes until the server closes, in order or not. */
    private static String rest(Socket socket) throws IOException {
        var text = new StringBuilder();
        try {
            for (int next; (next = socket.getInputStream().read()) >= 0; ) {
                text.append((char) next);
            }
        } catch (SocketTimeoutException open) {
            throw open;
        } catch (SocketException reset) {
            return text.toString();
        }
        return text.toString();
    }
}
