package tensorlink.testnet.bench.net;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import tensorlink.node.cli.ExitCode;
import tensorlink.testnet.JavaProcess;

/**
 * A process with a thread for each core that is never idle and gives way to everything: it runs
 * under Linux's {@code SCHED_IDLE}. On a virtual machine a core that sleeps takes a hundred
 * microseconds to wake, which hides what software takes for a round trip.
 *
 * <p>Ends when its standard input does.
 */
@Command(name = "wakefulness", description = "Keeps cores from sleeping.", hidden = true)
public final class Wakefulness implements Callable<Integer> {
    /** Of Linux's sched.h. */
    private static final int SCHED_IDLE = 5;

    /** Starts one; whoever does closes it. */
    public static Child start() throws IOException, InterruptedException {
        var child =
                Child.start(
                        "wakefulness",
                        JavaProcess.builder(List.of(), List.of("bench", "wakefulness")));
        try {
            child.ask();
            return child;
        } catch (IOException | InterruptedException failure) {
            child.close();
            throw failure;
        }
    }

    @Override
    public Integer call() throws IOException {
        giveWay(); // as do the threads that this one starts
        for (int core = 0; core < Runtime.getRuntime().availableProcessors(); core++) {
            Thread.ofPlatform().daemon().name("awake " + core).start(Wakefulness::stayAwake);
        }
        for (int next = System.in.read(); next >= 0; next = System.in.read()) {
            if (next == '\n') {
                System.out.println("{}");
            }
        }
        return ExitCode.DONE.status();
    }

    private static void stayAwake() {
        while (true) {
            Thread.onSpinWait();
        }
    }

    /** Has the calling thread run only where nobody else wants to. */
    @SuppressWarnings("restricted") // the function and its types are POSIX's
    private static void giveWay() {
        var linker = Linker.nativeLinker();
        var function =
                linker.downcallHandle(
                        linker.defaultLookup().findOrThrow("sched_setscheduler"),
                        FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS));
        try (var arena = Arena.ofConfined()) {
            var priority = arena.allocateFrom(JAVA_INT, 0);
            if ((int) function.invokeExact(0, SCHED_IDLE, priority) != 0) {
                throw new IllegalStateException("sched_setscheduler failed");
            }
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }
}
