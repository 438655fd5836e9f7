package tensorlink.compute.torch;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;

/**
 * The vector instructions of this machine's processor.
 *
 * @param vendor as the processor names it, empty where unknown
 * @param flags as Linux names them, empty elsewhere
 */
record Cpu(String vendor, Set<String> flags) {
    private static final Path LINUX = Path.of("/proc/cpuinfo");

    Cpu {
        flags = Set.copyOf(flags);
    }

    static Cpu detect() {
        if (!Files.isReadable(LINUX)) {
            return new Cpu("", Set.of());
        }
        try {
            return parse(Files.readString(LINUX));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static Cpu parse(String cpuinfo) {
        var vendor = "";
        Set<String> flags = Set.of();
        for (var line : cpuinfo.lines().toList()) {
            var parts = line.split(":", 2);
            if (parts.length == 2 && parts[0].strip().equals("vendor_id")) {
                vendor = parts[1].strip();
            }
            if (parts.length == 2 && parts[0].strip().equals("flags")) {
                flags = Set.of(parts[1].strip().split(" +"));
                break;
            }
        }
        return new Cpu(vendor, flags);
    }

    /** What libtorch's own kernels use unless told otherwise, by its names. */
    String capability() {
        if (has("avx512f", "avx512vl", "avx512bw", "avx512dq", "fma")) {
            return "AVX512";
        }
        return has("avx2", "fma") ? "AVX2" : "DEFAULT";
    }

    /**
     * The setting under which MKL gives the same bits on any number of threads, at no cost in
     * speed; empty where MKL ignores it, which is on all processors but Intel's.
     */
    String reproducibleMkl() {
        if (!vendor.equals("GenuineIntel")) {
            return "";
        }
        if (has("avx512f", "avx512cd", "avx512vl", "avx512bw", "avx512dq")) {
            return "AVX512,STRICT";
        }
        return has("avx2", "fma") ? "AVX2,STRICT" : "";
    }

    private boolean has(String... wanted) {
        for (var flag : wanted) {
            if (!flags.contains(flag)) {
                return false;
            }
        }
        return true;
    }
}
