package tensorlink.jobs.message;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.junit.jupiter.api.Test;
import tensorlink.compute.Model;
import tensorlink.compute.ModelConfig;
import tensorlink.compute.format.Weights;
import tensorlink.compute.tensor.TensorSpec;
import tensorlink.compute.tokenizer.Tokenizer;
import tensorlink.p2p.core.Scheduler;

class ManifestTest {
    private static final Weights WEIGHTS =
            Model.initialize(ModelConfig.llama(32, 3, 256, 64), Tokenizer.bytes(), 5).weights();

    @Test
    void several_threads_make_the_manifest_of_one() throws Exception {
        var one = Manifest.of(WEIGHTS, name -> name.contains("layers"));

        var several = Manifest.of(WEIGHTS, name -> name.contains("layers"), Scheduler.system());

        assertThat(several).isEqualTo(one);
        assertThat(one.tensors()).isNotEmpty();
    }

    @Test
    void weights_that_cannot_be_read_are_told_as_such() {
        var unreadable =
                new Weights() {
                    @Override
                    public List<TensorSpec> tensors() {
                        return WEIGHTS.tensors();
                    }

                    @Override
                    public void read(String name, long offset, MemorySegment target)
                            throws IOException, InterruptedException {
                        if (name.contains("layers.1")) {
                            throw new IOException("a torn disk");
                        }
                        WEIGHTS.read(name, offset, target);
                    }
                };

        assertThatThrownBy(() -> Manifest.of(unreadable, _ -> true, Scheduler.system()))
                .isInstanceOf(IOException.class)
                .hasMessage("a torn disk");
    }
}
