package tensorlink.p2p.flood;

import io.netty.util.internal.PlatformDependent;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import tensorlink.p2p.HostConfig;
import tensorlink.p2p.Libp2p;
import tensorlink.p2p.peer.KeyPair;

/** The host that is flooded. Says its address, then for each line it reads the bytes it uses. */
final class Victim {
    private Victim() {}

    public static void main(String[] arguments) throws IOException, InterruptedException {
        var out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        try (var host = Libp2p.start(KeyPair.generate(), HostConfig.defaults());
                var in =
                        new BufferedReader(
                                new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            out.println(host.info().fullAddresses().getFirst());
            while (in.readLine() != null) {
                out.println(used());
            }
        }
    }

    private static long used() {
        long direct = Math.max(0, PlatformDependent.usedDirectMemory());
        for (var pool : ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class)) {
            direct += Math.max(0, pool.getMemoryUsed());
        }
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed() + direct;
    }
}
