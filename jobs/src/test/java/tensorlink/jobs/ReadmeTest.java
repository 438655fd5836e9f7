package tensorlink.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tensorlink.compute.Model;
import tensorlink.compute.optim.AdamW;
import tensorlink.jobs.job.JobException;
import tensorlink.jobs.job.JobLimits;
import tensorlink.jobs.job.Problem;
import tensorlink.jobs.job.ProblemCode;
import tensorlink.jobs.lab.Lab;
import tensorlink.jobs.lab.Patience;

/** The README shows code that runs, every problem code and every limit. */
@Timeout(60)
class ReadmeTest {
    private static final Path README = Path.of("README.md");
    private static final Path SOURCE = Path.of("src/test/java/tensorlink/jobs/ReadmeTest.java");

    @TempDir private Path home;

    @Test
    void the_example_trains_and_saves() throws Exception {
        var folder = home.resolve("in");
        var out = home.resolve("out");
        Lab.model().save(folder);
        var data = List.of(Lab.batch(1), Lab.batch(1), Lab.batch(1));
        var losses = new ArrayList<Float>();
        var problems = new ArrayList<Problem>();
        var listener = JobListener.silent();
        try (var lab = new Lab(home, Patience.enough())) {
            lab.validator();
            lab.worker();
            lab.worker();
            var client = lab.user();

            // example
            try (var model =
                    client.create(Model.load(folder), JobOptions.training().workers(2), listener)) {
                var optimizer = model.optimizer(AdamW.lr(1e-2));
                for (var batch : data) {
                    optimizer.zeroGrad();
                    var loss = model.forward(batch.inputs(), batch.labels());
                    loss.backward();
                    optimizer.step();
                    losses.add(loss.value());
                }
                model.save(out);
            } catch (JobException failed) {
                problems.add(failed.problem());
            }
            // end

            lab.assertNothingIsLeft();
        }

        assertThat(problems).isEmpty();
        assertThat(losses).hasSize(3);
        assertThat(losses.getLast()).isLessThan(losses.getFirst());
        assertThat(Model.load(out).parameterCount()).isEqualTo(Lab.model().parameterCount());
    }

    @Test
    void the_readme_shows_the_example_as_it_is() throws Exception {
        var source = Files.readString(SOURCE);
        var readme = Files.readString(README);

        var example = between(source, "// example\n", "            // end");

        assertThat(words(between(readme, "```java\n", "```"))).isEqualTo(words(example));
    }

    /** Without line breaks: the formatter has its own where lines are indented further. */
    private static List<String> words(String code) {
        return List.of(code.strip().replaceAll("\\s+", " ").replace("( ", "(").split(" "));
    }

    @Test
    void the_readme_names_every_problem_and_every_limit() throws Exception {
        var readme = Files.readString(README);

        for (var code : ProblemCode.values()) {
            assertThat(readme).contains("| `" + code.text() + "` | `" + code.name() + "` |");
        }
        for (var limit : JobLimits.class.getRecordComponents()) {
            if (!limit.getName().equals("beatInterval")
                    && !limit.getName().equals("tensorBytesMax")) {
                assertThat(readme).contains("`" + limit.getName() + "`");
            }
        }
    }

    private static String between(String text, String start, String end) {
        int from = text.indexOf(start) + start.length();
        return text.substring(from, text.indexOf(end, from));
    }
}
