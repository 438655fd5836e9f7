package tensorlink.dht;

import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.peer.PeerInfo;

/** Peers for tests that need no keys: their ids are hashes that nobody holds a key for. */
final class Peers {
    private Peers() {}

    static PeerId id(long number) {
        var multihash = ByteBuffer.allocate(34).put((byte) 0x12).put((byte) 0x20).putLong(number);
        return new PeerId(ByteString.copyFrom(multihash.rewind()));
    }

    static PeerInfo peer(long number) {
        return new PeerInfo(id(number), List.of(address((int) (number & 0x7fff))));
    }

    static List<PeerInfo> peers(int count) {
        var peers = new ArrayList<PeerInfo>();
        for (int i = 1; i <= count; i++) {
            peers.add(peer(i));
        }
        return peers;
    }

    /** {@code peer} as it enters a routing table at {@code now}. */
    static Contact contact(PeerInfo peer, Instant now) {
        return Contact.of(new KadNetwork.Introduction(peer, Optional.empty(), true), now);
    }

    static Multiaddr address(int port) {
        return Multiaddr.parse("/ip4/127.0.0.1/tcp/" + port);
    }

    /** The {@code count} of {@code peers} closest to {@code target}, closest first. */
    static List<PeerInfo> closest(Key target, List<PeerInfo> peers, int count) {
        var byKey = new TreeMap<Key, PeerInfo>(target.byDistance());
        for (var peer : peers) {
            byKey.put(Key.of(peer.id()), peer);
        }
        var sorted = List.copyOf(byKey.values());
        return sorted.subList(0, Math.min(count, sorted.size()));
    }

    /** A peer whose place shares exactly {@code prefix} bits with that of {@code self}. */
    static PeerInfo near(PeerId self, int prefix, RandomGenerator random) {
        var key = Key.of(self).random(prefix, random);
        return new PeerInfo(new PeerId(key.bytes()), List.of(address(4001)));
    }
}
