package tensorlink.compute.torch;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URL;
import java.net.URLConnection;
import java.net.URLStreamHandler;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tensorlink.compute.Goldens;
import tensorlink.compute.LayerRange;
import tensorlink.compute.Model;
import tensorlink.compute.StageOptions;
import tensorlink.compute.Tokens;
import tensorlink.compute.tokenizer.Tokenizer;

/** A process that has never unpacked anything, and in which every download fails. */
class OfflineTest {
    @TempDir Path natives;

    @Test
    void a_first_start_asks_the_network_for_nothing() throws Exception {
        var output = ChildProcess.run(FirstStart.class, List.of(), natives.toString());

        assertThat(output).endsWith("computed F32 [1, 3, 32]\n").doesNotContain("asked for");
        try (var folders = Files.list(natives)) {
            assertThat(folders.map(folder -> folder.getFileName().toString()))
                    .contains("pytorch", "tokenizers");
        }
    }

    /** The program that is started. */
    public static final class FirstStart {
        private FirstStart() {}

        public static void main(String[] arguments) throws Exception {
            URL.setURLStreamHandlerFactory(
                    protocol -> protocol.startsWith("http") ? new NoNetwork() : null);
            var model = Model.load(Goldens.folder("llama"));
            try (var engine = TorchEngine.open(Path.of(arguments[0]));
                    var stage =
                            engine.open(
                                    model.config(),
                                    new LayerRange(0, 1),
                                    model.weights(),
                                    StageOptions.forInference(1));
                    var result = stage.infer(Tokens.of(new long[] {1, 2, 3}).toTensor())) {
                Tokenizer.parse("tokenizer.json", Tokenizer.bytes().json()).encode("text");
                System.out.println("computed " + result);
            }
        }
    }

    private static final class NoNetwork extends URLStreamHandler {
        @Override
        protected URLConnection openConnection(URL url) throws IOException {
            System.out.println("asked for " + url);
            throw new IOException("no network");
        }
    }
}
