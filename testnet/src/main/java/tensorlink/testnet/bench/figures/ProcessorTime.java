package tensorlink.testnet.bench.figures;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;

/** What this process has taken of all cores. */
public final class ProcessorTime {
    private ProcessorTime() {}

    /** Nanoseconds since it began, of all its threads. */
    public static long nanos() {
        return ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getProcessCpuTime();
    }
}
