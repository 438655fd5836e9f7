package tensorlink.p2p.portmap;

import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Where the way out begins. */
final class Gateway {
    private static final Path ROUTES = Path.of("/proc/net/route");
    private static final String ANYWHERE = "00000000";

    private Gateway() {}

    /** The machine's; empty where it cannot be told, as on systems other than Linux. */
    static Optional<InetAddress> find() {
        try {
            return Files.isReadable(ROUTES) ? parse(Files.readAllLines(ROUTES)) : Optional.empty();
        } catch (IOException unreadable) {
            return Optional.empty();
        }
    }

    /**
     * Reads the kernel's table: interface, destination, gateway in hexadecimal, lowest byte first.
     */
    static Optional<InetAddress> parse(List<String> lines) throws UnknownHostException {
        for (var line : lines) {
            var fields = List.of(line.trim().split("\\s+", -1));
            if (fields.size() > 2
                    && fields.get(1).equals(ANYWHERE)
                    && fields.get(2).matches("[0-9A-Fa-f]{8}")
                    && !fields.get(2).equals(ANYWHERE)) {
                int reversed = Integer.reverseBytes(Integer.parseUnsignedInt(fields.get(2), 16));
                return Optional.of(
                        InetAddress.getByAddress(ByteBuffer.allocate(4).putInt(reversed).array()));
            }
        }
        return Optional.empty();
    }
}
