package tensorlink.node.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tensorlink.compute.Model;
import tensorlink.compute.ModelConfig;
import tensorlink.compute.tokenizer.Tokenizer;

/** Models are imported, listed, shown and planned; what does not fit is said with a number. */
class ModelCommandTest {
    @TempDir private Path folder;
    private Path model;

    @BeforeEach
    void save() throws Exception {
        model = folder.resolve("small");
        Model.initialize(ModelConfig.llama(64, 4, 260, 128), Tokenizer.bytes(), 1).save(model);
    }

    @Test
    void what_is_imported_is_listed_and_shown_by_its_name() {
        var imported = run("import", model.toString(), "--name", "mine", "--home", home());
        var listed = run("list", "--home", home());
        var shown = run("show", "mine", "--home", home());

        assertThat(imported.status()).as(imported.out()).isZero();
        assertThat(listed.result().path("models")).hasSize(1);
        assertThat(listed.result().path("models").path(0)).isEqualTo(imported.result());
        assertThat(shown.result()).isEqualTo(imported.result());
        assertThat(shown.result().path("type").asString()).isEqualTo("llama");
        assertThat(shown.result().path("layers").asInt()).isEqualTo(4);
        assertThat(shown.result().path("tokenizer").asBoolean()).isTrue();
        assertThat(folder.resolve("home/models/mine/config.json")).exists();
    }

    @Test
    void no_model_is_ever_overwritten() {
        run("import", model.toString(), "--home", home());

        var again = run("import", model.toString(), "--home", home());

        assertThat(again.status()).isEqualTo(ExitCode.DATA.status());
        assertThat(message(again)).endsWith("small exists already and is not overwritten");
    }

    @Test
    void a_file_that_is_no_onnx_leaves_nothing_behind() throws Exception {
        var file = Files.writeString(folder.resolve("bad.onnx"), "<html>");

        var ran = run("import", file.toString(), "--home", home());

        assertThat(ran.status()).isEqualTo(ExitCode.DATA.status());
        assertThat(ran.result().path("error").path("code").asString()).isEqualTo("TL-MOD-001");
        assertThat(message(ran)).contains("bad.onnx: model: not a protobuf message");
        assertThat(folder.resolve("home/models")).doesNotExist();
    }

    @Test
    void names_that_are_nothing_are_refused() {
        var nowhere = run("import", folder.resolve("nowhere").toString(), "--home", home());
        var odd = run("import", model.toString(), "--name", "../up", "--home", home());
        var unknown = run("show", "other", "--home", home());

        assertThat(List.of(nowhere.status(), odd.status(), unknown.status()))
                .containsOnly(ExitCode.USAGE.status());
        assertThat(message(nowhere)).endsWith("nowhere: no such file or folder");
        assertThat(message(odd)).startsWith("--name ../up: must be 1 to 100 letters");
        assertThat(message(unknown)).startsWith("MODEL other: neither a folder nor a model in ");
    }

    @Test
    void a_plan_holds_every_layer_once_and_each_stage_fits() {
        var planned =
                run("plan", model.toString(), "--memory", "64 MiB", "--workers", "3", "--train");

        assertThat(planned.status()).as(planned.out()).isZero();
        var stages = planned.result().path("stages");
        assertThat(stages).hasSize(3);
        int next = 0;
        for (var stage : stages) {
            assertThat(stage.path("first").asInt()).isEqualTo(next);
            next = stage.path("end").asInt();
            assertThat(stage.path("bytes").asLong())
                    .isEqualTo(
                            stage.path("weightBytes").asLong()
                                    + stage.path("trainingBytes").asLong()
                                    + stage.path("activationBytes").asLong()
                                    + stage.path("scratchBytes").asLong())
                    .isLessThanOrEqualTo(stage.path("lentBytes").asLong());
        }
        assertThat(next).isEqualTo(4);
    }

    @Test
    void a_plan_that_does_not_fit_says_by_how_much() {
        var planned = run("plan", model.toString(), "--memory", "1 KB,2 KB");

        assertThat(planned.status()).isEqualTo(ExitCode.NO_CAPACITY.status());
        assertThat(planned.result().path("fits").asBoolean()).isFalse();
        assertThat(planned.result().path("offeredBytes").asLong()).isEqualTo(3_000);
        assertThat(planned.result().path("missingBytes").asLong()).isPositive();
    }

    @Test
    void flags_that_make_no_sense_are_refused_by_name() {
        var path = model.toString();

        assertThat(message(run("plan", path, "--memory", "much")))
                .isEqualTo("--memory \"much\": must be a size, such as \"4 GiB\" or \"800 MB\"");
        assertThat(message(run("plan", path, "--memory", "1GiB", "--workers", "5")))
                .isEqualTo("--workers 5: must be 1 to 4");
        assertThat(message(run("plan", path, "--memory", "1GiB,1GiB", "--workers", "3")))
                .isEqualTo("--memory: 2 sizes for 3 workers; one for all, or one for each");
        assertThat(message(run("plan", path, "--memory", "1GiB", "--length", "129")))
                .isEqualTo("--length 129: must be 0 to 128");
    }

    private String home() {
        return folder.resolve("home").toString();
    }

    private static Ran run(String... arguments) {
        var all = new ArrayList<>(List.of("model"));
        all.addAll(List.of(arguments));
        all.addAll(List.of("-o", "json"));
        return Ran.of(all.toArray(new String[0]));
    }

    private static String message(Ran ran) {
        return ran.result().path("error").path("message").asString();
    }
}
