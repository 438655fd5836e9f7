package tensorlink.p2p;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tensorlink.p2p.core.ProtocolId;
import tensorlink.p2p.peer.KeyPair;

/** The example in the README is the code between the marks, and it works. */
@Timeout(60)
class ReadmeTest {
    private static final Path README = Path.of("README.md");
    private static final Path SOURCE = Path.of("src/test/java/tensorlink/p2p/ReadmeTest.java");

    @Test
    void the_example_says_hello() throws Exception {
        var reply = "";

        // example
        var echo = ProtocolId.of("/example/echo/1.0.0");
        try (var server = Libp2p.start(KeyPair.generate(), HostConfig.defaults());
                var client = Libp2p.start(KeyPair.generate(), HostConfig.defaults())) {
            server.handle(echo, stream -> stream.writeMessage(stream.readMessage(1024)));
            client.connect(server.info());
            try (var stream = client.open(server.id(), echo)) {
                stream.writeMessage(ByteString.copyFromUtf8("hello"));
                reply = stream.readMessage(1024).toStringUtf8();
            }
        }
        // end

        assertThat(reply).isEqualTo("hello");
    }

    @Test
    void the_readme_shows_the_example_as_it_is() throws Exception {
        var source = Files.readString(SOURCE);
        var readme = Files.readString(README);

        var example = between(source, "// example\n", "\n        // end").stripIndent().strip();

        assertThat(between(readme, "```java\n", "```").strip()).isEqualTo(example);
    }

    private static String between(String text, String start, String end) {
        int from = text.indexOf(start) + start.length();
        return text.substring(from, text.indexOf(end, from));
    }
}
