package tensorlink.testnet.bench.net;

import java.io.IOException;
import java.time.Duration;
import tensorlink.p2p.core.Scheduler;

/** Times what is done over a carrier, on the clock and on the CPUs of both processes. */
record Stopwatch(Carrier carrier, Scheduler scheduler) {
    /** What something took. */
    record Time(double seconds, double cpuSeconds) {
        /** How many cores it kept busy. */
        double cores() {
            return cpuSeconds / seconds;
        }
    }

    Time time(Together.Work work) throws IOException, InterruptedException {
        var cpu = carrier.cpu();
        long begun = scheduler.nanoTime();
        work.run();
        var taken = Duration.ofNanos(scheduler.nanoTime() - begun);
        return new Time(seconds(taken), seconds(carrier.cpu().minus(cpu)));
    }

    private static double seconds(Duration duration) {
        return duration.toNanos() / 1e9;
    }
}
