package tensorlink.testnet.prove;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tensorlink.compute.Engine;
import tensorlink.compute.Stage;
import tensorlink.compute.torch.TorchEngine;
import tensorlink.node.Home;
import tensorlink.node.Network;
import tensorlink.node.WorkerNode;
import tensorlink.node.cli.ExitCode;
import tensorlink.node.cli.Output;

/**
 * A worker of {@link ProveTrain}, which says when it has come to a point of its work, and may wait
 * there to be killed. It obeys lines on its standard input, and ends with it:
 *
 * <ul>
 *   <li>{@code trouble SEED}: say so, once, where the {@link Trouble} of this seed is to happen
 *   <li>{@code peace}: no longer
 * </ul>
 */
@Command(name = "worker", description = "A worker of prove train.", hidden = true)
final class ProveWorker implements Callable<Integer> {
    private static final long MEMORY_BYTES = 64 << 20;

    @Mixin private Output output = new Output();

    @Option(names = "--bootstrap", required = true)
    private String bootstrap = "";

    @Option(names = "--home", required = true)
    private Path home = Path.of(".");

    private final AtomicReference<@Nullable Ambush> ambush = new AtomicReference<>();

    /** A trouble that is still to happen. */
    private record Ambush(Trouble trouble, AtomicInteger passes) {}

    @Override
    public Integer call() throws IOException, InterruptedException {
        try (Engine engine = TorchEngine.open();
                var _ =
                        WorkerNode.start(
                                Network.named(Exercise.NETWORK).bootstrap(bootstrap),
                                Home.at(home),
                                WorkerNode.Options.lend(MEMORY_BYTES)
                                        .limits(Exercise.limits())
                                        .engine(watched(engine)));
                var lines =
                        new BufferedReader(
                                new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            output.tell(Map.of("event", "ready"));
            for (var line = lines.readLine(); line != null; line = lines.readLine()) {
                var words = line.split(" ", -1);
                ambush.set(words[0].equals("trouble") ? ambush(words[1]) : null);
            }
        }
        return ExitCode.DONE.status();
    }

    private static Ambush ambush(String seed) {
        var trouble = Trouble.of(Long.parseLong(seed));
        return new Ambush(trouble, new AtomicInteger(trouble.passes()));
    }

    /** The same engine, whose stages tell when they come to the point. */
    private Engine watched(Engine engine) {
        return (Engine)
                Proxy.newProxyInstance(
                        Engine.class.getClassLoader(),
                        new Class<?>[] {Engine.class},
                        (_, method, arguments) -> {
                            var result = call(engine, method, arguments);
                            return result instanceof Stage stage ? watched(stage) : result;
                        });
    }

    private Stage watched(Stage stage) {
        return (Stage)
                Proxy.newProxyInstance(
                        Stage.class.getClassLoader(),
                        new Class<?>[] {Stage.class},
                        (_, method, arguments) -> {
                            var trouble = now(stage, method);
                            if (trouble != null && !trouble.kind().point().isAfter()) {
                                tell(trouble);
                            }
                            var result = call(stage, method, arguments);
                            if (trouble != null && trouble.kind().point().isAfter()) {
                                tell(trouble);
                            }
                            return result;
                        });
    }

    /** The trouble that is to happen in this call; null in nearly all. */
    private @Nullable Trouble now(Stage stage, Method method) {
        var waiting = ambush.get();
        if (waiting == null) {
            return null;
        }
        var trouble = waiting.trouble();
        boolean here =
                method.getName().startsWith(trouble.kind().point().call())
                        && (trouble.onLastStage() ? stage.last() : stage.first());
        return here && waiting.passes().getAndDecrement() == 0 ? trouble : null;
    }

    private void tell(Trouble trouble) throws InterruptedException {
        output.tell(Map.of("event", "here"));
        if (!trouble.kind().goesOn()) {
            new CountDownLatch(1).await(); // for the end
        }
    }

    private static Object call(Object real, Method method, Object[] arguments) throws Throwable {
        try {
            return method.invoke(real, arguments);
        } catch (InvocationTargetException thrown) {
            throw Objects.requireNonNull(thrown.getCause());
        }
    }
}
