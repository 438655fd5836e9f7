package tensorlink.p2p.mdns;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.InterfaceAddress;
import java.net.NetworkInterface;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The group 224.0.0.251 on every network that this machine is on and that knows multicast. The port
 * is shared with the other programs of this machine that speak multicast DNS.
 */
final class MulticastLan implements Lan {
    static final int PORT = 5353;

    private static final Logger log = LoggerFactory.getLogger(MulticastLan.class);
    private static final InetSocketAddress GROUP =
            new InetSocketAddress(InetAddress.ofLiteral("224.0.0.251"), PORT);
    private static final int INTERFACES_MAX = 16;

    /** RFC 6762, section 11: so that receivers can tell that nobody has passed it on. */
    private static final int TIME_TO_LIVE = 255;

    private final DatagramChannel channel;
    private final List<NetworkInterface> interfaces;
    private final List<InterfaceAddress> own;
    private final ByteBuffer inbound = ByteBuffer.allocate(DnsMessage.BYTES_MAX + 1);

    /** Which network a packet leaves by is an option of the socket, so one goes after another. */
    private final ReentrantLock sending = new ReentrantLock();

    private MulticastLan(
            DatagramChannel channel,
            List<NetworkInterface> interfaces,
            List<InterfaceAddress> own) {
        this.channel = channel;
        this.interfaces = interfaces;
        this.own = own;
    }

    /**
     * Joins the group.
     *
     * @throws IOException when the port is taken, or no network knows multicast
     */
    static MulticastLan open() throws IOException {
        var channel = DatagramChannel.open(StandardProtocolFamily.INET);
        boolean complete = false;
        try {
            channel.setOption(StandardSocketOptions.SO_REUSEADDR, true);
            if (channel.supportedOptions().contains(StandardSocketOptions.SO_REUSEPORT)) {
                channel.setOption(StandardSocketOptions.SO_REUSEPORT, true);
            }
            channel.setOption(StandardSocketOptions.IP_MULTICAST_TTL, TIME_TO_LIVE);
            channel.bind(new InetSocketAddress(PORT));
            var interfaces = new ArrayList<NetworkInterface>();
            var own = new ArrayList<InterfaceAddress>();
            var all = NetworkInterface.networkInterfaces().limit(INTERFACES_MAX).toList();
            for (var candidate : all) {
                if (candidate.isUp() && candidate.supportsMulticast() && hasIp4(candidate)) {
                    channel.join(GROUP.getAddress(), candidate);
                    interfaces.add(candidate);
                    own.addAll(candidate.getInterfaceAddresses());
                }
            }
            if (interfaces.isEmpty()) {
                throw new IOException("no network of this machine knows multicast");
            }
            complete = true;
            return new MulticastLan(channel, interfaces, own);
        } finally {
            if (!complete) {
                channel.close();
            }
        }
    }

    private static boolean hasIp4(NetworkInterface candidate) {
        return candidate.inetAddresses().anyMatch(Inet4Address.class::isInstance);
    }

    /** Called by one thread only. */
    @Override
    public Packet receive() throws IOException {
        inbound.clear();
        var from = (InetSocketAddress) channel.receive(inbound);
        return new Packet(ByteString.copyFrom(inbound.flip()), from);
    }

    @Override
    public void send(ByteString content) throws IOException {
        sending.lock();
        try {
            for (var network : interfaces) {
                try {
                    channel.setOption(StandardSocketOptions.IP_MULTICAST_IF, network);
                    channel.send(content.asReadOnlyByteBuffer(), GROUP);
                } catch (IOException down) {
                    log.debug("cannot send on {}: {}", network.getName(), down.getMessage());
                }
            }
        } finally {
            sending.unlock();
        }
    }

    @Override
    public void send(ByteString content, InetSocketAddress to) throws IOException {
        channel.send(content.asReadOnlyByteBuffer(), to);
    }

    @Override
    public boolean isNear(InetAddress address) {
        for (var mine : own) {
            if (sharesPrefix(mine, address)) {
                return true;
            }
        }
        return false;
    }

    private static boolean sharesPrefix(InterfaceAddress mine, InetAddress address) {
        var one = mine.getAddress().getAddress();
        var other = address.getAddress();
        int bits = mine.getNetworkPrefixLength();
        if (one.length != other.length || bits < 0) {
            return false;
        }
        for (int bit = 0; bit < bits; bit++) {
            int mask = 0x80 >> (bit % Byte.SIZE);
            if (((one[bit / Byte.SIZE] ^ other[bit / Byte.SIZE]) & mask) != 0) {
                return false;
            }
        }
        return true;
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException left) {
            log.debug("not closed in order: {}", left.getMessage());
        }
    }
}
