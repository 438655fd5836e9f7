package tensorlink.p2p.peer;

import com.google.protobuf.InvalidProtocolBufferException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.wire.StoredAddress;
import tensorlink.p2p.wire.StoredPeer;
import tensorlink.p2p.wire.StoredPeers;

/** Addresses of peers, and until when each counts, in a file. */
final class PeerFile {
    static final int FILE_BYTES_MAX = 16 << 20;
    private static final int VERSION = 1;

    private PeerFile() {}

    /** Writes beside the target and moves the finished file into place. */
    static void write(Path file, Map<PeerId, Map<Multiaddr, Instant>> peers) throws IOException {
        var target = file.toAbsolutePath();
        Files.createDirectories(target.resolveSibling(""));
        var draft = Files.createTempFile(target.resolveSibling(""), ".peers", ".tmp");
        try {
            try (var channel = FileChannel.open(draft, StandardOpenOption.WRITE)) {
                var bytes = ByteBuffer.wrap(encode(peers).toByteArray());
                while (bytes.hasRemaining()) {
                    channel.write(bytes);
                }
                channel.force(true);
            }
            Files.move(draft, target, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(draft);
        }
    }

    /** The most recently touched peers come last; the first are left out when there is no room. */
    private static StoredPeers encode(Map<PeerId, Map<Multiaddr, Instant>> peers) {
        var message = StoredPeers.newBuilder().setVersion(VERSION);
        long size = 0;
        var kept = new LinkedHashMap<>(peers);
        for (var last = kept.pollLastEntry(); last != null; last = kept.pollLastEntry()) {
            var stored = encode(last.getKey(), last.getValue());
            size += stored.getSerializedSize() + 8;
            if (size > FILE_BYTES_MAX - 64) {
                break;
            }
            message.addPeers(0, stored);
        }
        return message.build();
    }

    private static StoredPeer encode(PeerId peer, Map<Multiaddr, Instant> addresses) {
        var stored = StoredPeer.newBuilder().setId(peer.multihash());
        for (var address : addresses.entrySet()) {
            stored.addAddresses(
                    StoredAddress.newBuilder()
                            .setMultiaddr(address.getKey().bytes())
                            .setUntilSeconds(Math.max(0, address.getValue().getEpochSecond())));
        }
        return stored.build();
    }

    /** Empty when there is no such file. */
    static Map<PeerId, Map<Multiaddr, Instant>> read(Path file, PeerStore.Bounds bounds)
            throws IOException {
        if (!Files.exists(file)) {
            return Map.of();
        }
        if (!Files.isRegularFile(file) || Files.size(file) > FILE_BYTES_MAX) {
            throw new IOException(
                    "peer file " + file + " is no file of at most " + FILE_BYTES_MAX + " bytes");
        }
        try {
            return decode(StoredPeers.parseFrom(Files.readAllBytes(file)), bounds);
        } catch (InvalidProtocolBufferException | IllegalArgumentException damaged) {
            throw new IOException(
                    "peer file " + file + " is damaged: " + damaged.getMessage(), damaged);
        }
    }

    private static Map<PeerId, Map<Multiaddr, Instant>> decode(
            StoredPeers message, PeerStore.Bounds bounds) {
        check("version", message.getVersion(), VERSION);
        check("peers", message.getPeersCount(), bounds.peersMax());
        var peers = new LinkedHashMap<PeerId, Map<Multiaddr, Instant>>();
        for (var stored : message.getPeersList()) {
            check("addresses of a peer", stored.getAddressesCount(), bounds.addressesMax());
            var addresses = new LinkedHashMap<Multiaddr, Instant>();
            for (var address : stored.getAddressesList()) {
                long seconds =
                        Math.clamp(address.getUntilSeconds(), 0, Instant.MAX.getEpochSecond());
                addresses.put(
                        Multiaddr.decode(address.getMultiaddr()), Instant.ofEpochSecond(seconds));
            }
            peers.put(new PeerId(stored.getId()), addresses);
        }
        return peers;
    }

    private static void check(String field, int value, int limit) {
        if (value > limit) {
            throw new IllegalArgumentException(field + " " + value + ", limit " + limit);
        }
    }
}
