package tensorlink.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tensorlink.compute.Architecture;
import tensorlink.compute.DeviceLimits;
import tensorlink.compute.Engine;
import tensorlink.compute.ExecutionProfile;
import tensorlink.compute.LayerRange;
import tensorlink.compute.Speed;
import tensorlink.compute.Stage;
import tensorlink.compute.StageOptions;
import tensorlink.compute.StageState;
import tensorlink.compute.torch.TorchEngine;

/** A machine is measured once under the same conditions. */
class SpeedsTest {
    private static final AtomicInteger MACHINES = new AtomicInteger();

    @TempDir private Path folder;

    /** A machine of its own, so that this process has not measured it, that counts its trials. */
    private static final class Machine implements Engine {
        private final Engine engine;
        private final ExecutionProfile profile;
        private int trials;

        Machine() throws IOException {
            engine = TorchEngine.open();
            var own = engine.profile();
            profile =
                    new ExecutionProfile(
                            own.engine(),
                            own.torch(),
                            own.operators(),
                            own.mklCbwr(),
                            own.cpuCapability(),
                            own.dtype(),
                            "test machine " + MACHINES.incrementAndGet(),
                            own.threads());
        }

        String conditions() {
            return profile.id().hex() + " 1";
        }

        @Override
        public ExecutionProfile profile() {
            return profile;
        }

        @Override
        public Stage open(
                Architecture architecture,
                LayerRange layers,
                StageState state,
                StageOptions options)
                throws IOException, InterruptedException {
            trials++;
            return engine.open(architecture, layers, state, options);
        }

        @Override
        public DeviceLimits limits(int threads) throws IOException, InterruptedException {
            return engine.limits(threads);
        }

        @Override
        public long arrays() {
            return engine.arrays();
        }

        @Override
        public void close() {
            engine.close();
        }
    }

    /** Of which speed is measured by. */
    private static final int MODELS = 2;

    @Test
    void what_was_measured_is_kept_in_a_file_and_for_this_process() throws Exception {
        try (var machine = new Machine()) {
            var file = folder.resolve("work").resolve("speed");

            var measured = Speeds.of(machine, 1, file);

            assertThat(machine.trials).isEqualTo(MODELS);
            assertThat(file)
                    .hasContent(
                            machine.conditions()
                                    + " "
                                    + measured.forward()
                                    + " "
                                    + measured.backward()
                                    + " "
                                    + measured.step()
                                    + " "
                                    + measured.memory()
                                    + " "
                                    + measured.forwardLayer()
                                    + " "
                                    + measured.backwardLayer()
                                    + "\n");
            Files.delete(file);
            assertThat(Speeds.of(machine, 1, file)).isEqualTo(measured);
            assertThat(machine.trials).as("trials").isEqualTo(MODELS);
        }
    }

    @Test
    void a_file_of_the_same_conditions_is_believed() throws Exception {
        try (var machine = new Machine()) {
            var file =
                    Files.writeString(
                            folder.resolve("speed"), machine.conditions() + " 1 2 3 4 0.5 0\n");

            assertThat(Speeds.of(machine, 1, file)).isEqualTo(new Speed(1, 2, 3, 4, 0.5, 0));
            assertThat(machine.trials).isZero();
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "%s 1 2 3 4",
                "%s 1 2 3 4 5 six",
                "%s 0 2 3 4 0 0",
                "%s 1 2 NaN 4 0 0",
                "%s 1 2 3 4 -1 0",
                "%s 1 2 3 4 0 NaN",
                "0 1 2 3 4 5 6 7"
            })
    void a_file_of_other_conditions_or_unreadable_is_replaced(String content) throws Exception {
        try (var machine = new Machine()) {
            var file = folder.resolve("speed");
            Files.writeString(file, content.formatted(machine.conditions()));

            var measured = Speeds.of(machine, 1, file);

            assertThat(machine.trials).isEqualTo(MODELS);
            assertThat(file).content().startsWith(machine.conditions() + " " + measured.forward());
        }
    }
}
