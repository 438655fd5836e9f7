package tensorlink.testnet.bench.net;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Where a benchmark ran.
 *
 * @param isAwake whether its idle cores were kept from sleeping
 * @param loadBefore the load average of the minute before it
 */
public record Machine(
        String processor,
        int cores,
        long memoryBytes,
        String system,
        String java,
        boolean isAwake,
        double loadBefore) {
    private static final Path PROCESSORS = Path.of("/proc/cpuinfo");

    static Machine here(boolean isAwake) throws IOException {
        var system = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
        return new Machine(
                processorName(),
                system.getAvailableProcessors(),
                system.getTotalMemorySize(),
                system.getName() + " " + system.getVersion() + " " + system.getArch(),
                Runtime.version().toString(),
                isAwake,
                system.getSystemLoadAverage());
    }

    /** The load average of the last minute; negative where the system does not tell. */
    public static double load() {
        return ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage();
    }

    private static String processorName() throws IOException {
        if (Files.isReadable(PROCESSORS)) {
            for (var line : Files.readAllLines(PROCESSORS)) {
                if (line.startsWith("model name")) {
                    return line.substring(line.indexOf(':') + 1).strip();
                }
            }
        }
        return System.getProperty("os.arch");
    }

    Map<String, Object> json(double loadAfter) {
        var json = new LinkedHashMap<String, Object>();
        json.put("processor", processor);
        json.put("cores", cores);
        json.put("memoryBytes", memoryBytes);
        json.put("system", system);
        json.put("java", java);
        json.put("isAwake", isAwake);
        json.put("loadBefore", loadBefore);
        json.put("loadAfter", loadAfter);
        return json;
    }
}
